-- coup_append stores messages, one from each index of the arrays, and answers
-- with a row for each in the same order. It is one round trip, so that the row
-- locks of the studies are held for no longer than the server needs.
--
-- The messages must be sorted by study, as bytes: the studies' rows are locked
-- in that order by everyone, so nobody waits in a circle. Only a repeated
-- message comes back with its name and content.
--
-- A study that has messages but no row was restored by hand: its head is then
-- the highest seq.
CREATE OR REPLACE FUNCTION coup_append(p_studies text[], p_users text[], p_names text[], p_contents text[], p_clients text[])
RETURNS TABLE (o_seq bigint, o_sent_at timestamptz, o_repeated boolean, o_user_name text, o_content text)
LANGUAGE plpgsql AS $$
DECLARE
    m       record;
    v_study text;
    v_head  bigint;
    v_now   timestamptz;
BEGIN
    FOR m IN SELECT * FROM unnest(p_studies, p_users, p_names, p_contents, p_clients)
             AS t(study, author, name, body, client) LOOP
        IF v_study IS DISTINCT FROM m.study THEN
            UPDATE coup_studies SET head = v_head WHERE study_id = v_study AND head <> v_head;
            v_study := m.study;
            SELECT head INTO v_head FROM coup_studies WHERE study_id = v_study FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO coup_studies
                SELECT v_study, coalesce(max(seq), 0) FROM coup_messages WHERE study_id = v_study
                ON CONFLICT DO NOTHING;
                SELECT head INTO v_head FROM coup_studies WHERE study_id = v_study FOR UPDATE;
            END IF;
            -- Read under the lock, so that a later seq has no earlier time.
            v_now := date_trunc('milliseconds', clock_timestamp());
        END IF;
        INSERT INTO coup_messages (study_id, seq, user_id, user_name, content, client_id, sent_at)
        VALUES (v_study, v_head + 1, m.author, m.name, m.body, m.client, v_now)
        ON CONFLICT (study_id, user_id, client_id) DO NOTHING;
        IF FOUND THEN
            v_head := v_head + 1;
            o_seq := v_head; o_sent_at := v_now; o_repeated := false; o_user_name := NULL; o_content := NULL;
        ELSE
            SELECT seq, sent_at, true, user_name, content
            INTO o_seq, o_sent_at, o_repeated, o_user_name, o_content
            FROM coup_messages
            WHERE study_id = v_study AND user_id = m.author AND client_id = m.client;
        END IF;
        RETURN NEXT;
    END LOOP;
    UPDATE coup_studies SET head = v_head WHERE study_id = v_study AND head <> v_head;
END
$$;
