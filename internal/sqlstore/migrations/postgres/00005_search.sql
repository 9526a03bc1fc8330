-- What messages say, as pairs of characters: filled by a Store with search turned on.
CREATE TABLE coup_search (
    study_id text COLLATE "C" NOT NULL,
    pair     bigint NOT NULL,
    seq      bigint NOT NULL,
    PRIMARY KEY (study_id, pair, seq)
);
CREATE INDEX coup_search_seq ON coup_search (study_id, seq);

-- How far each study is in coup_search.
CREATE TABLE coup_searched (
    study_id text COLLATE "C" PRIMARY KEY,
    seq      bigint NOT NULL
);

-- What a message does not say any more is not found any more.
CREATE FUNCTION coup_forget_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM coup_search WHERE study_id = OLD.study_id AND seq = OLD.seq;
    RETURN NULL;
END
$$;
CREATE TRIGGER coup_search_changed AFTER UPDATE OF content ON coup_messages
    FOR EACH ROW WHEN (OLD.content IS DISTINCT FROM NEW.content) EXECUTE FUNCTION coup_forget_pairs();
CREATE TRIGGER coup_search_deleted AFTER DELETE ON coup_messages
    FOR EACH ROW EXECUTE FUNCTION coup_forget_pairs();
