package sqlite

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// The statements of Append. SQLite runs in this process, so one statement for each message costs
// less than one large statement.
const (
	selectNow = `SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`
	// A restore by hand may leave the row of a study out, or bring back an older one.
	selectHead = `SELECT max(coalesce((SELECT head FROM coup_studies WHERE study_id = ?1), 0),
			coalesce((SELECT max(seq) FROM coup_messages WHERE study_id = ?1), 0),
			coalesce((SELECT max(seq) FROM coup_entries WHERE study_id = ?1), 0)) AS head,
		EXISTS (SELECT 1 FROM coup_entries WHERE study_id = ?1) AS others`
	upsertHead = `INSERT INTO coup_studies (study_id, head) VALUES (?, ?)
		ON CONFLICT (study_id) DO UPDATE SET head = excluded.head`
	insertMessage = `INSERT INTO coup_messages (study_id, seq, user_id, user_name, content, client_id, sent_at, reply_to, more)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (study_id, user_id, client_id) DO NOTHING`
	selectMessage = `SELECT seq, user_name, content, sent_at, reply_to, more, edited_at, deleted_at FROM coup_messages
		WHERE study_id = ? AND user_id = ? AND client_id = ?`
	selectTaken = `SELECT EXISTS (SELECT 1 FROM coup_messages WHERE study_id = ? AND user_id = ? AND client_id = ?)`
	insertEntry = `INSERT INTO coup_entries (study_id, seq, kind, user_id, user_name, client_id, sent_at, message_seq, emoji, is_on, count)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	selectEntry = `SELECT e.kind, e.seq, e.user_name, e.sent_at, e.message_seq, e.emoji, e.is_on, e.count, d.content, d.more, d.deleted_at
		FROM coup_entries AS e LEFT JOIN coup_messages AS d ON e.kind = 1 AND d.study_id = e.study_id AND d.seq = e.message_seq
		WHERE e.study_id = ? AND e.user_id = ? AND e.client_id = ?`
	selectTarget  = `SELECT user_id, deleted_at FROM coup_messages WHERE study_id = ? AND seq = ?`
	updateMessage = `UPDATE coup_messages SET content = ?, more = ?, edited_at = ? WHERE study_id = ? AND seq = ?`
	blankMessage  = `UPDATE coup_messages SET content = '', reply_to = NULL, more = NULL, edited_at = NULL, reacted = NULL, deleted_at = ?
		WHERE study_id = ? AND seq = ?`
	markReacted     = `UPDATE coup_messages SET reacted = true WHERE study_id = ? AND seq = ? AND reacted IS NULL`
	deleteReactions = `DELETE FROM coup_reactions WHERE study_id = ? AND message_seq = ?`
	insertReaction  = `INSERT INTO coup_reactions (study_id, message_seq, emoji, user_id, seq) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	deleteReaction  = `DELETE FROM coup_reactions WHERE study_id = ? AND message_seq = ? AND emoji = ? AND user_id = ?`
	countEmojis     = `SELECT count(DISTINCT emoji) FROM coup_reactions WHERE study_id = ? AND message_seq = ? AND emoji <> ?`
	countReactions  = `SELECT count(*) FROM coup_reactions WHERE study_id = ? AND message_seq = ? AND emoji = ?`
)

// An appender holds the prepared statements of Append by their text.
type appender struct {
	db       *sqlx.DB
	prepared map[string]*sqlx.Stmt
}

func newAppender(ctx context.Context, db *sqlx.DB) (appender, error) {
	a := appender{db: db, prepared: make(map[string]*sqlx.Stmt)}
	for _, text := range []string{
		selectNow, selectHead, upsertHead, insertMessage, selectMessage, selectTaken, insertEntry, selectEntry, selectTarget, updateMessage, blankMessage,
		markReacted, deleteReactions, insertReaction, deleteReaction, countEmojis, countReactions,
	} {
		stmt, err := db.PreparexContext(ctx, text)
		if err != nil {
			return a, err
		}
		a.prepared[text] = stmt
	}
	return a, nil
}

func (a *appender) close() {
	for _, stmt := range a.prepared {
		stmt.Close()
	}
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if len(msgs) == 0 {
		return nil, nil
	}
	out, err := s.append.run(ctx, msgs)
	s.tables.Stored()
	return out, sqlstore.Wrap("append", err)
}

func (a *appender) run(ctx context.Context, msgs []store.Message) (_ []store.Message, err error) {
	tx, err := a.db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	b := batch{tx: tx, prepared: a.prepared, inTx: make(map[string]*sqlx.Stmt), studies: make(map[store.StudyID]*study)}
	if err := b.get(ctx, &b.now, selectNow); err != nil {
		return nil, err
	}
	out := make([]store.Message, len(msgs))
	for i, m := range msgs {
		if out[i], err = b.put(ctx, m); err != nil {
			return nil, err
		}
	}
	for id, st := range b.studies {
		if _, err := b.exec(ctx, upsertHead, id, st.Head); err != nil {
			return nil, err
		}
	}
	return out, tx.Commit()
}
