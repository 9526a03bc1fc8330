// Package sqlite keeps messages and presence in an SQLite database: one file,
// no server. It suits one process; several may share a file on one machine.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// Memory is the path of a database that is gone when it is closed.
const Memory = ":memory:"

// readers is how many reads of a file may run beside the writer.
const readers = 4

// Store is a store.Store on SQLite.
type Store struct {
	*sqlstore.Store
	append appender
	dbs    []*sqlx.DB
}

var _ store.Store = (*Store)(nil)

// Open opens the database at path, a file that is created if need be or Memory,
// and migrates its tables. What Append has returned is on disk.
//
// The Store's method DB returns the *sqlx.DB, for tables of your own beside those
// that start with coup_.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open sqlite database %s: %w", path, errors.Join(err, s.Close()))
	}
	return s, nil
}

// open returns what must be closed also when it fails.
func open(ctx context.Context, path string) (*Store, error) {
	s := &Store{}
	name, err := dsn(path)
	if err != nil {
		return s, err
	}
	// SQLite has one writer at a time: waiting for a connection is fair, waiting
	// for its lock is not. It stays open, since a database in memory lives in it.
	writer, err := s.connect(name, 1)
	if err != nil {
		return s, err
	}
	if err := sqlstore.Migrate(ctx, writer, sqlstore.SQLite); err != nil {
		return s, err
	}
	reader := writer
	if path != Memory {
		if reader, err = s.connect(name+"&_pragma=query_only(1)", readers); err != nil {
			return s, err
		}
	}
	if s.Store, err = sqlstore.New(ctx, reader, writer, sqlstore.SQLite); err != nil {
		return s, err
	}
	s.append, err = newAppender(ctx, writer)
	return s, err
}

func (s *Store) connect(name string, conns int) (*sqlx.DB, error) {
	db, err := sqlx.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	s.dbs = append(s.dbs, db)
	return db, nil
}

// dsn names path with the settings of every connection.
func dsn(path string) (string, error) {
	const settings = "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	if path == Memory {
		return "file::memory:" + settings, nil
	}
	if path == "" {
		return "", errors.New("the path is empty")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	// A URL, so that ? and % in a path mean themselves.
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs)}
	return file.String() + settings, nil
}

// Close closes the database. No method may be called after it.
func (s *Store) Close() error {
	s.append.close()
	if s.Store != nil {
		s.CloseStatements()
	}
	var errs []error
	for _, db := range s.dbs {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}
