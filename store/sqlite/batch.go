package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// A batch is the state of one Append.
type batch struct {
	now   sqlstore.Time
	heads map[store.StudyID]int64 // the heads after the commit

	head, insert, original *sqlx.Stmt
}

// put stores m, or returns the message that m repeats.
func (b *batch) put(ctx context.Context, m store.Message) (store.Message, error) {
	head, known := b.heads[m.StudyID]
	if !known {
		if err := b.head.GetContext(ctx, &head, m.StudyID); err != nil {
			return m, err
		}
	}
	m.Seq, m.SentAt, m.Repeated = head+1, b.now.Time, false
	sentAt := store.FormatTime(m.SentAt)
	result, err := b.insert.ExecContext(ctx, m.StudyID, m.Seq, m.UserID, m.UserName, m.Content, m.ClientID, sentAt)
	if err != nil {
		return m, err
	}
	inserted, err := result.RowsAffected()
	if err != nil {
		return m, err
	}
	if inserted == 0 {
		var at sqlstore.Time
		row := b.original.QueryRowxContext(ctx, m.StudyID, m.UserID, m.ClientID)
		if err := row.Scan(&m.Seq, &m.UserName, &m.Content, &at); err != nil {
			return m, err
		}
		m.SentAt, m.Repeated = at.Time, true
	} else {
		head = m.Seq
	}
	b.heads[m.StudyID] = head
	m.ID = string(m.StudyID) + ":" + strconv.FormatInt(m.Seq, 10)
	return m, nil
}

// ignoreDone ignores the error of rolling back a transaction that a cancelled context has
// rolled back already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
