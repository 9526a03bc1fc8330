// Package sqlstore is what store/sqlite and store/postgres share: the tables, their
// migrations, and every method except Append, which is faster with statements of the
// database's own.
//
// Values reach SQL only as parameters. A list is one parameter, a JSON array, so that a
// statement has one text and is prepared once.
package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/store"
)

// Store implements store.Log, except for Append, and store.Reads, store.Eraser and store.Searcher.
type Store struct {
	db      *sqlx.DB // reads
	writer  *sqlx.DB
	dialect Dialect

	oldest, newest, entries, heads, presence, readStates, readMarks Statement // on db
	report, renew, start, markRead                                  Statement // on writer

	index *indexer // nil unless search is on

	sweepDue atomic.Int64 // Unix time in nanoseconds
}

// A Statement is an SQL text on a database, to run again and again from any goroutine.
type Statement interface {
	SelectContext(ctx context.Context, dest any, args ...any) error
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
	Close() error
}

// Prepare returns a Statement that the driver prepares once on each connection.
func Prepare(ctx context.Context, db *sqlx.DB, text string) (Statement, error) {
	return db.PreparexContext(ctx, text)
}

// New returns a Store over migrated tables. It reads from db and writes to writer,
// which may be the same. prepare makes its statements. The caller closes both databases.
func New(ctx context.Context, db, writer *sqlx.DB, dialect Dialect,
	prepare func(ctx context.Context, db *sqlx.DB, text string) (Statement, error)) (*Store, error) {
	s := &Store{db: db, writer: writer, dialect: dialect}
	for _, p := range []struct {
		stmt *Statement
		on   *sqlx.DB
		text string
	}{
		{&s.oldest, db, oldest},
		{&s.newest, db, newest},
		{&s.entries, db, entries},
		{&s.heads, db, heads},
		{&s.presence, db, presence},
		{&s.readStates, db, readStates},
		{&s.readMarks, db, readMarks},
		{&s.markRead, writer, markRead},
		{&s.report, writer, report},
		{&s.renew, writer, renew},
		{&s.start, writer, start},
	} {
		stmt, err := prepare(ctx, p.on, p.on.Rebind(dialect.expand(p.text)))
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("prepare: %w", err)
		}
		*p.stmt = stmt
	}
	return s, nil
}

// Close ends the index and closes the statements. The databases stay open.
func (s *Store) Close() {
	if s.index != nil {
		s.index.close()
	}
	for _, stmt := range []Statement{s.oldest, s.newest, s.entries, s.heads, s.presence, s.readStates, s.readMarks, s.report, s.renew, s.start, s.markRead} {
		if stmt != nil {
			stmt.Close()
		}
	}
}

// DB returns the database to which the store writes.
func (s *Store) DB() *sqlx.DB { return s.writer }

// Wrap adds to err what was being done and a sentinel of package store: ErrInvalid for
// data that the database can never store, ErrUnavailable for everything else. After the
// latter the outcome is unknown, and client ids make it safe to try again.
func Wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	kind := store.ErrUnavailable
	// Class 22: data that does not fit its type, such as NUL in a text.
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) && strings.HasPrefix(coded.SQLState(), "22") {
		kind = store.ErrInvalid
	}
	return fmt.Errorf("%s: %w: %w", doing, kind, err)
}

// JSON returns v, of strings, numbers and bools, as a parameter.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // such values always marshal
		panic(err)
	}
	return string(b)
}
