-- How far each user has read in each study.
CREATE TABLE coup_reads (
    study_id TEXT NOT NULL,
    user_id  TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (study_id, user_id)
) WITHOUT ROWID;
