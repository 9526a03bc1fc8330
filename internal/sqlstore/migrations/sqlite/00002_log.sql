-- reply_to is the seq of the message that this one answers. more is a JSON object of
-- mentions, attachments and meta. reacted says whether coup_reactions has rows of it.
ALTER TABLE coup_messages ADD COLUMN reply_to INTEGER;
ALTER TABLE coup_messages ADD COLUMN more TEXT;
ALTER TABLE coup_messages ADD COLUMN edited_at TEXT;
ALTER TABLE coup_messages ADD COLUMN deleted_at TEXT;
ALTER TABLE coup_messages ADD COLUMN reacted BOOLEAN;

-- The entries that are no messages: 1 edit, 2 delete, 3 reaction, 4 erase. They take seqs
-- of the same counter. What an edit says is in the message that it edits, and nowhere else.
CREATE TABLE coup_entries (
    study_id    TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    user_id     TEXT NOT NULL,
    user_name   TEXT NOT NULL,
    client_id   TEXT NOT NULL,
    sent_at     TEXT NOT NULL,
    message_seq INTEGER,
    emoji       TEXT,
    is_on       BOOLEAN,
    count       INTEGER,
    from_seq    INTEGER,
    to_seq      INTEGER,
    PRIMARY KEY (study_id, seq),
    UNIQUE (study_id, user_id, client_id)
) WITHOUT ROWID;

-- The reactions to messages as they are now. seq is that of the entry that added one.
CREATE TABLE coup_reactions (
    study_id    TEXT NOT NULL,
    message_seq INTEGER NOT NULL,
    emoji       TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (study_id, message_seq, emoji, user_id)
) WITHOUT ROWID;
