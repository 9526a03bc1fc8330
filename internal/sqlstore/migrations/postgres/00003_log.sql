-- reply_to is the seq of the message that this one answers. more is a JSON object of
-- mentions, attachments and meta. reacted says whether coup_reactions has rows of it.
ALTER TABLE coup_messages
    ADD COLUMN reply_to   bigint,
    ADD COLUMN more       text,
    ADD COLUMN edited_at  timestamptz,
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN reacted    boolean;

-- has_entries says whether coup_entries has rows of the study.
ALTER TABLE coup_studies ADD COLUMN has_entries boolean NOT NULL DEFAULT false;

-- The entries that are no messages: 1 edit, 2 delete, 3 reaction, 4 erase. They take seqs
-- of the same counter. What an edit says is in the message that it edits, and nowhere else.
CREATE TABLE coup_entries (
    study_id    text COLLATE "C" NOT NULL,
    seq         bigint NOT NULL,
    kind        smallint NOT NULL,
    user_id     text COLLATE "C" NOT NULL,
    user_name   text NOT NULL,
    client_id   text COLLATE "C" NOT NULL,
    sent_at     timestamptz NOT NULL,
    message_seq bigint,
    emoji       text COLLATE "C",
    is_on       boolean,
    count       integer,
    from_seq    bigint,
    to_seq      bigint,
    PRIMARY KEY (study_id, seq),
    UNIQUE (study_id, user_id, client_id)
);

-- The reactions to messages as they are now. seq is that of the entry that added one.
CREATE TABLE coup_reactions (
    study_id    text COLLATE "C" NOT NULL,
    message_seq bigint NOT NULL,
    emoji       text COLLATE "C" NOT NULL,
    user_id     text COLLATE "C" NOT NULL,
    seq         bigint NOT NULL,
    PRIMARY KEY (study_id, message_seq, emoji, user_id)
);

-- coup_append_entries stores entries, one from each index of the arrays, and answers
-- with a row for each in the same order. It is one round trip, so that the row
-- locks of the studies are held for no longer than the server needs.
--
-- The entries must be sorted by study, as bytes: the studies' rows are locked
-- in that order by everyone, so nobody waits in a circle.
--
-- An extra is '' for a message with nothing but text, else a JSON object: kind, replyTo and
-- more of a message, messageSeq, emoji, on, and any, which allows to change the message of
-- another user. p_extras is NULL if all are ''. The answer has a name, content and extra only
-- where they differ from what was given. An error is a word for why an entry was not stored;
-- the seq of one that changes nothing is 0.
--
-- A study that has entries but no row was restored by hand: its head is then
-- the highest seq.
CREATE FUNCTION coup_append_entries(p_studies text[], p_users text[], p_names text[], p_contents text[], p_clients text[], p_extras text[])
RETURNS TABLE (o_seq bigint, o_sent_at timestamptz, o_repeated boolean, o_user_name text, o_content text, o_extra json, o_error text)
LANGUAGE plpgsql AS $$
DECLARE
    m         record;
    was       record;
    v_study   text;
    v_head    bigint;
    v_entries boolean; -- has_entries
    v_now     timestamptz;
    v_extra   json;
    v_kind    smallint;
    v_message bigint;
    v_emoji   text;
    v_on      boolean;
    v_count   integer;
BEGIN
    FOR m IN SELECT * FROM unnest(p_studies, p_users, p_names, p_contents, p_clients, p_extras)
             AS t(study, author, name, body, client, extra) LOOP
        IF v_study IS DISTINCT FROM m.study THEN
            UPDATE coup_studies SET head = v_head WHERE study_id = v_study AND head <> v_head;
            v_study := m.study;
            SELECT head, has_entries INTO v_head, v_entries FROM coup_studies WHERE study_id = v_study FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO coup_studies
                SELECT v_study, greatest((SELECT coalesce(max(seq), 0) FROM coup_messages WHERE study_id = v_study),
                                         (SELECT coalesce(max(seq), 0) FROM coup_entries WHERE study_id = v_study)),
                       EXISTS (SELECT FROM coup_entries WHERE study_id = v_study)
                ON CONFLICT DO NOTHING;
                SELECT head, has_entries INTO v_head, v_entries FROM coup_studies WHERE study_id = v_study FOR UPDATE;
            END IF;
            -- Read under the lock, so that a later seq has no earlier time.
            v_now := date_trunc('milliseconds', clock_timestamp());
        END IF;
        o_seq := 0; o_sent_at := v_now; o_repeated := false; o_user_name := NULL; o_content := NULL; o_extra := NULL; o_error := NULL;
        IF m.extra IS NULL OR m.extra = '' THEN
            v_extra := NULL; v_kind := 0;
        ELSE
            v_extra := m.extra::json; v_kind := coalesce((v_extra->>'kind')::smallint, 0);
        END IF;

        IF v_entries THEN
            -- A client id belongs to one entry, whatever its kind.
            SELECT e.*, d.content, d.more, d.deleted_at INTO was
            FROM coup_entries e LEFT JOIN coup_messages d ON e.kind = 1 AND d.study_id = e.study_id AND d.seq = e.message_seq
            WHERE e.study_id = v_study AND e.user_id = m.author AND e.client_id = m.client;
            IF FOUND THEN
                IF was.kind <> v_kind OR was.message_seq IS DISTINCT FROM (v_extra->>'messageSeq')::bigint THEN
                    o_error := 'client_id';
                ELSE
                    o_seq := was.seq; o_sent_at := was.sent_at; o_repeated := true; o_user_name := was.user_name; o_content := was.content;
                    o_extra := json_build_object('more', was.more, 'emoji', was.emoji, 'on', was.is_on, 'count', was.count, 'deletedAt', was.deleted_at);
                END IF;
                RETURN NEXT;
                CONTINUE;
            END IF;
        END IF;

        IF v_kind = 0 THEN
            INSERT INTO coup_messages (study_id, seq, user_id, user_name, content, client_id, sent_at, reply_to, more)
            VALUES (v_study, v_head + 1, m.author, m.name, m.body, m.client, v_now, (v_extra->>'replyTo')::bigint, v_extra->>'more')
            ON CONFLICT (study_id, user_id, client_id) DO NOTHING;
            IF FOUND THEN
                v_head := v_head + 1;
                o_seq := v_head;
            ELSE
                SELECT * INTO was FROM coup_messages
                WHERE study_id = v_study AND user_id = m.author AND client_id = m.client;
                o_seq := was.seq; o_sent_at := was.sent_at; o_repeated := true; o_user_name := was.user_name; o_content := was.content;
                o_extra := json_build_object('replyTo', was.reply_to, 'more', was.more, 'editedAt', was.edited_at, 'deletedAt', was.deleted_at);
            END IF;
            RETURN NEXT;
            CONTINUE;
        END IF;

        IF EXISTS (SELECT FROM coup_messages WHERE study_id = v_study AND user_id = m.author AND client_id = m.client) THEN
            o_error := 'client_id';
            RETURN NEXT;
            CONTINUE;
        END IF;
        v_message := (v_extra->>'messageSeq')::bigint;
        SELECT user_id, deleted_at, reacted INTO was FROM coup_messages WHERE study_id = v_study AND seq = v_message;
        IF NOT FOUND OR was.deleted_at IS NOT NULL THEN
            o_error := 'not_found';
        ELSIF v_kind <> 3 AND was.user_id <> m.author AND NOT coalesce((v_extra->>'any')::boolean, false) THEN
            o_error := 'forbidden';
        END IF;
        IF o_error IS NOT NULL THEN
            RETURN NEXT;
            CONTINUE;
        END IF;

        v_emoji := NULL; v_on := NULL; v_count := NULL;
        IF v_kind = 1 THEN
            UPDATE coup_messages SET content = m.body, more = v_extra->>'more', edited_at = v_now
            WHERE study_id = v_study AND seq = v_message;
        ELSIF v_kind = 2 THEN
            UPDATE coup_messages SET content = '', reply_to = NULL, more = NULL, edited_at = NULL, reacted = NULL, deleted_at = v_now
            WHERE study_id = v_study AND seq = v_message;
            DELETE FROM coup_reactions WHERE study_id = v_study AND message_seq = v_message;
        ELSE
            v_emoji := v_extra->>'emoji'; v_on := coalesce((v_extra->>'on')::boolean, false);
            IF v_on AND (SELECT count(DISTINCT emoji) FROM coup_reactions
                         WHERE study_id = v_study AND message_seq = v_message AND emoji <> v_emoji) >= (v_extra->>'max')::integer THEN
                o_error := 'reactions';
                RETURN NEXT;
                CONTINUE;
            END IF;
            IF v_on THEN
                INSERT INTO coup_reactions VALUES (v_study, v_message, v_emoji, m.author, v_head + 1) ON CONFLICT DO NOTHING;
            ELSE
                DELETE FROM coup_reactions
                WHERE study_id = v_study AND message_seq = v_message AND emoji = v_emoji AND user_id = m.author;
            END IF;
            v_kind := CASE WHEN FOUND THEN 3 ELSE 0 END;
            SELECT count(*) INTO v_count FROM coup_reactions
            WHERE study_id = v_study AND message_seq = v_message AND emoji = v_emoji;
            o_extra := json_build_object('emoji', v_emoji, 'on', v_on, 'count', v_count);
            IF v_kind = 0 THEN -- nothing has changed
                RETURN NEXT;
                CONTINUE;
            END IF;
            IF was.reacted IS NULL THEN
                UPDATE coup_messages SET reacted = true WHERE study_id = v_study AND seq = v_message;
            END IF;
        END IF;
        IF NOT v_entries THEN
            UPDATE coup_studies SET has_entries = true WHERE study_id = v_study;
            v_entries := true;
        END IF;
        v_head := v_head + 1;
        o_seq := v_head;
        INSERT INTO coup_entries (study_id, seq, kind, user_id, user_name, client_id, sent_at, message_seq, emoji, is_on, count)
        VALUES (v_study, v_head, v_kind, m.author, m.name, m.client, v_now, v_message, v_emoji, v_on, v_count);
        RETURN NEXT;
    END LOOP;
    UPDATE coup_studies SET head = v_head WHERE study_id = v_study AND head <> v_head;
END
$$;
