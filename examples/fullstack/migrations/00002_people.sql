-- What the page needs beyond studies and members.

-- +goose Up

-- Who joins a study with approval has to be let in by its owner or a moderator.
ALTER TABLE study_app_studies ADD COLUMN approval BOOLEAN NOT NULL DEFAULT FALSE;

-- A picture of at most 256 KiB.
ALTER TABLE study_app_users ADD COLUMN picture BYTEA;
ALTER TABLE study_app_users ADD COLUMN picture_type TEXT NOT NULL DEFAULT '';
ALTER TABLE study_app_users ADD COLUMN picture_at BIGINT NOT NULL DEFAULT 0;

-- Users who are no members: those who have been removed, and those who ask to be let in.
CREATE TABLE study_app_outsiders (
    study_id TEXT NOT NULL REFERENCES study_app_studies (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES study_app_users (id),
    removed  BOOLEAN NOT NULL,
    asked_at BIGINT NOT NULL, -- 0: does not ask
    PRIMARY KEY (study_id, user_id)
);

CREATE TABLE study_app_invites (
    code       TEXT PRIMARY KEY,
    study_id   TEXT NOT NULL REFERENCES study_app_studies (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE TABLE study_app_notices (
    id         TEXT PRIMARY KEY,
    study_id   TEXT NOT NULL REFERENCES study_app_studies (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES study_app_users (id),
    message    TEXT NOT NULL,
    pinned     BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX study_app_notices_study ON study_app_notices (study_id, created_at);

CREATE TABLE study_app_files (
    id         TEXT PRIMARY KEY,
    study_id   TEXT NOT NULL REFERENCES study_app_studies (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES study_app_users (id),
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    body       BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE study_app_notifications (
    user_id    TEXT NOT NULL REFERENCES study_app_users (id),
    id         TEXT NOT NULL,
    study_id   TEXT NOT NULL,
    type       TEXT NOT NULL,
    message    TEXT NOT NULL,
    link       TEXT NOT NULL,
    created_at BIGINT NOT NULL, -- in microseconds: the order of several in one millisecond matters
    seen       BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, id)
);

-- +goose Down
DROP TABLE study_app_notifications;
DROP TABLE study_app_files;
DROP TABLE study_app_notices;
DROP TABLE study_app_invites;
DROP TABLE study_app_outsiders;
ALTER TABLE study_app_users DROP COLUMN picture_at;
ALTER TABLE study_app_users DROP COLUMN picture_type;
ALTER TABLE study_app_users DROP COLUMN picture;
ALTER TABLE study_app_studies DROP COLUMN approval;
