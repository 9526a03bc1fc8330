package sqlite

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// An appender holds the statements of Append. SQLite runs in this process, so one
// statement for each message costs less than one large statement.
type appender struct {
	db *sqlx.DB

	now, head, insert, original, setHead *sqlx.Stmt
}

func newAppender(ctx context.Context, db *sqlx.DB) (appender, error) {
	a := appender{db: db}
	for _, p := range []struct {
		stmt **sqlx.Stmt
		text string
	}{
		{&a.now, `SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`},
		// A restore by hand may leave the row of a study out, or bring back an older one.
		{&a.head, `SELECT max(coalesce((SELECT head FROM coup_studies WHERE study_id = ?1), 0),
			coalesce((SELECT max(seq) FROM coup_messages WHERE study_id = ?1), 0))`},
		{&a.insert, `INSERT INTO coup_messages (study_id, seq, user_id, user_name, content, client_id, sent_at)
			VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (study_id, user_id, client_id) DO NOTHING`},
		{&a.original, `SELECT seq, user_name, content, sent_at FROM coup_messages
			WHERE study_id = ? AND user_id = ? AND client_id = ?`},
		{&a.setHead, `INSERT INTO coup_studies (study_id, head) VALUES (?, ?)
			ON CONFLICT (study_id) DO UPDATE SET head = excluded.head`},
	} {
		stmt, err := db.PreparexContext(ctx, p.text)
		if err != nil {
			return a, err
		}
		*p.stmt = stmt
	}
	return a, nil
}

func (a *appender) close() {
	for _, stmt := range []*sqlx.Stmt{a.now, a.head, a.insert, a.original, a.setHead} {
		if stmt != nil {
			stmt.Close()
		}
	}
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if len(msgs) == 0 {
		return nil, nil
	}
	out, err := s.append.run(ctx, msgs)
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
	var now sqlstore.Time
	if err := tx.Stmtx(a.now).GetContext(ctx, &now); err != nil {
		return nil, err
	}
	t := batch{
		now:      now,
		heads:    make(map[store.StudyID]int64),
		head:     tx.Stmtx(a.head),
		insert:   tx.Stmtx(a.insert),
		original: tx.Stmtx(a.original),
	}
	out := make([]store.Message, len(msgs))
	for i, m := range msgs {
		if out[i], err = t.put(ctx, m); err != nil {
			return nil, err
		}
	}
	setHead := tx.Stmtx(a.setHead)
	for study, head := range t.heads {
		if _, err := setHead.ExecContext(ctx, study, head); err != nil {
			return nil, err
		}
	}
	return out, tx.Commit()
}
