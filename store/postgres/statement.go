package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/sqlstore"
)

// A statement is one SQL text of a Store. How it runs depends on the connections:
//
//   - On connections of the Store's own, straight to the server, the driver prepares it
//     once, and the server bounds its time.
//   - Through a pooler it is sent with its parameters as one piece and without a name, so
//     that no other client of the same server connection can come in between. Its context
//     bounds its time.
//   - On a handle of the application's, whose driver may send it in several pieces, or if
//     the database has another isolation level, it runs in a transaction of its own.
type statement struct {
	store    *Store
	text     string
	prepared *sqlx.Stmt // or nil
}

var _ sqlstore.Statement = (*statement)(nil)

// A runner is a statement on a connection.
type runner interface {
	QueryxContext(ctx context.Context, args ...any) (*sqlx.Rows, error)
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
}

// bound is the runner of a text that is not prepared.
type bound struct {
	on interface { // *sqlx.DB, *sqlx.Conn
		sqlx.QueryerContext
		sqlx.ExecerContext
	}
	text string
}

func (b bound) QueryxContext(ctx context.Context, args ...any) (*sqlx.Rows, error) {
	return b.on.QueryxContext(ctx, b.text, args...)
}

func (b bound) ExecContext(ctx context.Context, args ...any) (sql.Result, error) {
	return b.on.ExecContext(ctx, b.text, args...)
}

// statement is the function that sqlstore.New wants.
func (s *Store) statement(ctx context.Context, db *sqlx.DB, text string) (sqlstore.Statement, error) {
	return s.prepare(ctx, db, text)
}

func (s *Store) prepare(ctx context.Context, db *sqlx.DB, text string) (*statement, error) {
	st := &statement{store: s, text: text}
	if !s.direct() {
		return st, nil
	}
	var err error
	st.prepared, err = db.PreparexContext(ctx, text)
	return st, err
}

// direct reports whether connections lead to the server, and are the Store's own.
func (s *Store) direct() bool {
	return s.connector != nil && !s.connector.pooled.Load() && !s.isolate
}

// Close implements sqlstore.Statement.
func (st *statement) Close() error {
	if st.prepared == nil {
		return nil
	}
	return st.prepared.Close()
}

// SelectContext implements sqlstore.Statement.
func (st *statement) SelectContext(ctx context.Context, dest any, args ...any) error {
	return st.run(ctx, func(ctx context.Context, r runner) error {
		rows, err := r.QueryxContext(ctx, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		return sqlx.StructScan(rows, dest)
	})
}

// ExecContext implements sqlstore.Statement.
func (st *statement) ExecContext(ctx context.Context, args ...any) (sql.Result, error) {
	var result sql.Result // not read after an error: the call may go on, see within
	err := st.run(ctx, func(ctx context.Context, r runner) (err error) {
		result, err = r.ExecContext(ctx, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// run calls f with the statement on a connection. It does so again on another connection
// if the server has refused because it takes no writes: then nothing has happened.
func (st *statement) run(ctx context.Context, f func(context.Context, runner) error) error {
	for tries := 1; ; tries++ {
		start := time.Now()
		err := st.once(ctx, f)
		if lostRole(err) {
			st.store.drop(start)
		} else if !errors.Is(err, errPooler) && !errors.Is(err, errNotBegun) {
			return err
		}
		// Each connection of the pool may have to fail once.
		if tries > st.store.db.Stats().OpenConnections+1 || ctx.Err() != nil {
			return err
		}
	}
}

func (st *statement) once(ctx context.Context, f func(context.Context, runner) error) (err error) {
	if st.prepared != nil && st.store.direct() {
		err = f(ctx, st.prepared)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, st.store.timeout)
		defer cancel()
		switch {
		case st.store.connector == nil:
			err = within(ctx, func() error { return st.inTransaction(ctx, f) })
		case st.store.isolate:
			err = st.inTransaction(ctx, f)
		default:
			err = f(ctx, bound{st.store.db, st.text})
		}
	}
	if err == nil {
		// When ctx ends, the driver asks the server to cancel. If that meets a commit
		// which waits for a synchronous standby, the commit succeeds at once, but may be
		// lost with this server. So success counts only if nobody has asked.
		err = ctx.Err()
	}
	return err
}

// errNotBegun says that a connection of the pool did not even begin a transaction.
var errNotBegun = errors.New("begin a transaction")

func (st *statement) inTransaction(ctx context.Context, f func(context.Context, runner) error) error {
	conn, err := st.store.db.Connx(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = func() error {
		if _, err := conn.ExecContext(ctx, st.store.begin); err != nil {
			return fmt.Errorf("%w: %w", errNotBegun, err)
		}
		if err := f(ctx, bound{conn, st.text}); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, "COMMIT")
		return err
	}()
	if err == nil {
		return nil
	}
	// Nothing else may run on a connection whose transaction has not ended, or whose
	// server has lost its role.
	if _, failed := conn.ExecContext(ctx, "ROLLBACK"); failed != nil || lostRole(err) {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

// within calls f, and leaves it behind if it does not end within a second after ctx: some
// drivers wait for a server that does not answer for as long as the connection lives. f then
// keeps its connection, and what it returns is lost.
func within(ctx context.Context, f func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace := time.NewTimer(time.Second)
	defer grace.Stop()
	select {
	case err := <-ended:
		return err
	case <-grace.C:
		return ctx.Err()
	}
}
