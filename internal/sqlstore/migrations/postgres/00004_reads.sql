-- How far each user has read in each study.
CREATE TABLE coup_reads (
    study_id text COLLATE "C" NOT NULL,
    user_id  text COLLATE "C" NOT NULL,
    seq      bigint NOT NULL,
    PRIMARY KEY (study_id, user_id)
);
