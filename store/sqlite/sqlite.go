// Package sqlite stores messages and presence in an SQLite database: one file, no
// server. It is meant for one process. Several processes on one machine may share a
// file.
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

// Memory is the path of a database in memory, which Close deletes.
const Memory = ":memory:"

// readers is how many reads of a file may run at the same time as a write.
const readers = 4

// Store is a store.Store on SQLite. Its methods may be called at the same time from any
// goroutine.
type Store struct {
	tables *sqlstore.Store
	append appender
	dbs    []*sqlx.DB

	searches bool // see WithSearch
}

// An Option changes what Open does.
type Option func(*Store)

// WithSearch makes Search find messages. Each message then takes a row in a table for every two
// characters, which one goroutine writes after the commit. Turned on later, it begins with the
// oldest message.
func WithSearch() Option { return func(s *Store) { s.searches = true } }

var _ store.Store = (*Store)(nil)

// Open opens the database at path and migrates its tables. path is a file, which is
// created if it does not exist, or Memory. When Append returns, its messages are on disk.
func Open(ctx context.Context, path string, options ...Option) (*Store, error) {
	s, err := open(ctx, path, options)
	if err != nil {
		return nil, fmt.Errorf("open sqlite database %s: %w", path, errors.Join(err, s.Close()))
	}
	return s, nil
}

// open returns a Store that must be closed even if there is an error.
func open(ctx context.Context, path string, options []Option) (*Store, error) {
	s := &Store{}
	for _, option := range options {
		option(s)
	}
	name, err := dsn(path)
	if err != nil {
		return s, err
	}
	// SQLite has one writer at a time. Callers get a connection in turn, but not the lock
	// of the database, so there is one connection for writing. It stays open: a database
	// in memory ends with its connection.
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
	if s.tables, err = sqlstore.New(ctx, reader, writer, sqlstore.SQLite, sqlstore.Prepare); err != nil {
		return s, err
	}
	if s.append, err = newAppender(ctx, writer); err != nil {
		return s, err
	}
	if s.searches {
		s.tables.StartIndex()
	}
	return s, nil
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

// dsn returns the name of the database at path, with the settings of each connection.
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
	// A URL, because in a plain path ? and % would have a special meaning.
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs)}
	return file.String() + settings, nil
}

// Close closes the database. Call no other method after it.
func (s *Store) Close() error {
	s.append.close()
	if s.tables != nil {
		s.tables.Close()
	}
	var errs []error
	for _, db := range s.dbs {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}
