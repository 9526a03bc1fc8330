package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// A batch is the state of one Append.
type batch struct {
	tx       *sqlx.Tx
	prepared map[string]*sqlx.Stmt
	inTx     map[string]*sqlx.Stmt // those that tx has used
	now      sqlstore.Time
	studies  map[store.StudyID]*study
}

// study is a study as it is after the commit.
type study struct {
	Head   int64
	Others bool // it has entries that are no messages
}

func (b *batch) statement(text string) *sqlx.Stmt {
	stmt := b.inTx[text]
	if stmt == nil {
		stmt = b.tx.Stmtx(b.prepared[text])
		b.inTx[text] = stmt
	}
	return stmt
}

func (b *batch) get(ctx context.Context, into any, text string, args ...any) error {
	return b.statement(text).GetContext(ctx, into, args...)
}

// exec returns how many rows have changed.
func (b *batch) exec(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := b.statement(text).ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// put stores e, returns the entry that e repeats, or says in Err why not.
func (b *batch) put(ctx context.Context, e store.Entry) (store.Entry, error) {
	st := b.studies[e.StudyID]
	if st == nil {
		st = &study{}
		if err := b.get(ctx, st, selectHead, e.StudyID); err != nil {
			return e, err
		}
		b.studies[e.StudyID] = st
	}
	e.ID, e.Seq, e.SentAt, e.Repeated, e.Err = "", 0, b.now.Time, false, nil
	e.EditedAt, e.DeletedAt, e.Reactions, e.Count = time.Time{}, time.Time{}, nil, 0
	if st.Others {
		if known, err := b.known(ctx, &e); known || err != nil {
			return e, err
		}
	}
	var err error
	if e.Kind == store.KindMessage {
		err = b.putMessage(ctx, &e, st)
	} else {
		err = b.putOther(ctx, &e, st)
	}
	if e.Seq > 0 {
		e.ID = sqlstore.EntryID(&e)
	}
	return e, err
}

// orNil returns NULL for the zero value.
func orNil[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func (b *batch) putMessage(ctx context.Context, e *store.Entry, st *study) error {
	inserted, err := b.exec(ctx, insertMessage, e.StudyID, st.Head+1, e.UserID, e.UserName, e.Content, e.ClientID,
		store.FormatTime(e.SentAt), orNil(e.ReplyTo), orNil(sqlstore.MoreOf(e)))
	if err != nil {
		return err
	}
	if inserted == 1 {
		st.Head++
		e.Seq = st.Head
		return nil
	}
	return b.original(ctx, e)
}

// original makes e the message that it repeats.
func (b *batch) original(ctx context.Context, e *store.Entry) error {
	var at, edited, deleted sqlstore.Time
	var reply sql.NullInt64
	var more *string
	row := b.statement(selectMessage).QueryRowxContext(ctx, e.StudyID, e.UserID, e.ClientID)
	if err := row.Scan(&e.Seq, &e.UserName, &e.Content, &at, &reply, &more, &edited, &deleted); err != nil {
		return err
	}
	e.SentAt, e.Repeated, e.ReplyTo, e.EditedAt, e.DeletedAt = at.Time, true, reply.Int64, edited.Time, deleted.Time
	return sqlstore.SetMore(e, more)
}

// ignoreDone ignores the error of rolling back a transaction that a cancelled context has
// rolled back already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
