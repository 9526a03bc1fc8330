-- The sample business server's own tables. Times are milliseconds since 1970.

-- +goose Up
CREATE TABLE study_app_users (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE study_app_studies (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    owner_id   TEXT NOT NULL REFERENCES study_app_users (id),
    created_at BIGINT NOT NULL
);

CREATE TABLE study_app_members (
    study_id  TEXT NOT NULL REFERENCES study_app_studies (id) ON DELETE CASCADE,
    user_id   TEXT NOT NULL REFERENCES study_app_users (id),
    role      TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (study_id, user_id)
);

CREATE INDEX study_app_members_user ON study_app_members (user_id);

-- +goose Down
DROP TABLE study_app_members;
DROP TABLE study_app_studies;
DROP TABLE study_app_users;
