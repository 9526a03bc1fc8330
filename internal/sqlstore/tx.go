package sqlstore

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// A tx is a transaction that writes. Its texts are those of every dialect.
type tx struct {
	tx      *sqlx.Tx
	dialect Dialect
}

// inTx calls do in a transaction, which is committed unless do returns an error.
func (s *Store) inTx(ctx context.Context, do func(tx) error) (err error) {
	t, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = t.Rollback()
		}
	}()
	if err := do(tx{t, s.dialect}); err != nil {
		return err
	}
	return t.Commit()
}

func (t tx) text(text string) string { return t.tx.Rebind(t.dialect.expand(text)) }

// get reads one row. Without any the error is sql.ErrNoRows.
func (t tx) get(ctx context.Context, into any, text string, args ...any) error {
	return t.tx.GetContext(ctx, into, t.text(text), args...)
}

// all reads every row.
func (t tx) all(ctx context.Context, into any, text string, args ...any) error {
	return t.tx.SelectContext(ctx, into, t.text(text), args...)
}

func (t tx) exec(ctx context.Context, text string, args ...any) error {
	_, err := t.tx.ExecContext(ctx, t.text(text), args...)
	return err
}
