-- Times are texts in RFC 3339, UTC, milliseconds, which sort as they should.
CREATE TABLE coup_studies (
    study_id TEXT PRIMARY KEY,
    head     INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE coup_messages (
    study_id  TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    id        TEXT GENERATED ALWAYS AS (study_id || ':' || seq) VIRTUAL,
    user_id   TEXT NOT NULL,
    user_name TEXT NOT NULL,
    content   TEXT NOT NULL,
    client_id TEXT NOT NULL,
    sent_at   TEXT NOT NULL,
    PRIMARY KEY (study_id, seq),
    UNIQUE (study_id, user_id, client_id)
) WITHOUT ROWID;

CREATE TABLE coup_nodes (
    node_id   TEXT PRIMARY KEY,
    lease_end TEXT NOT NULL
) WITHOUT ROWID;

-- The last report of each node about each user; node_id is '' where none is
-- named. offline_at is when an earlier online report ended.
CREATE TABLE coup_presence (
    user_id    TEXT NOT NULL,
    node_id    TEXT NOT NULL,
    online     BOOLEAN NOT NULL,
    offline_at TEXT,
    PRIMARY KEY (user_id, node_id)
) WITHOUT ROWID;

-- What each report amounts to now, leases taken into account.
CREATE VIEW coup_reports AS
SELECT p.user_id, p.node_id,
       p.online AND (p.node_id = '' OR coalesce(n.lease_end > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), false)) AS online,
       CASE WHEN NOT p.online THEN p.offline_at
            WHEN p.node_id = '' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
            ELSE min(n.lease_end, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
       END AS last_seen_at
FROM coup_presence p
LEFT JOIN coup_nodes n ON n.node_id = p.node_id;

CREATE VIEW coup_user_status AS
SELECT user_id,
       CASE WHEN max(online) THEN 'online' ELSE 'offline' END AS status,
       max(last_seen_at) AS last_seen_at
FROM coup_reports
GROUP BY user_id;
