-- What messages say, as pairs of characters: filled by a Store with search turned on.
CREATE TABLE coup_search (
    study_id TEXT NOT NULL,
    pair     INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (study_id, pair, seq)
) WITHOUT ROWID;
CREATE INDEX coup_search_seq ON coup_search (study_id, seq);

-- How far each study is in coup_search.
CREATE TABLE coup_searched (
    study_id TEXT PRIMARY KEY,
    seq      INTEGER NOT NULL
) WITHOUT ROWID;

-- What a message does not say any more is not found any more.
CREATE TRIGGER coup_search_changed AFTER UPDATE OF content ON coup_messages WHEN OLD.content IS NOT NEW.content
BEGIN
    DELETE FROM coup_search WHERE study_id = OLD.study_id AND seq = OLD.seq;
END;
CREATE TRIGGER coup_search_deleted AFTER DELETE ON coup_messages
BEGIN
    DELETE FROM coup_search WHERE study_id = OLD.study_id AND seq = OLD.seq;
END;
