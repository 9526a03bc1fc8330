// Package postgres stores messages and presence in PostgreSQL 12 or later.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// Store is a store.Store on Postgres. Its methods may be called at the same time from any
// goroutine.
type Store struct {
	db        *sqlx.DB
	connector *connector // nil if db belongs to the application
	idle      int        // how many idle connections are kept
	timeout   time.Duration
	begin     string // begins a transaction with the settings that statements need
	isolate   bool   // each statement runs in a transaction of its own

	tables               *sqlstore.Store
	append, raise, check *statement
}

var (
	_ store.Store     = (*Store)(nil)
	_ store.Checker   = (*Store)(nil)
	_ store.Forgetter = (*Store)(nil)
)

// Open connects to the database at rawURL, postgres://user:password@host/name,
// and migrates its tables. What the URL does not say comes from the PG* environment
// variables, as in psql. But TLS is required unless sslmode says otherwise: a local
// server may need ?sslmode=disable. And a server that takes no writes is refused unless
// target_session_attrs says otherwise: of several hosts, the primary is found.
//
// There may be a pooler in between, such as PgBouncer, in session or transaction mode. Open
// notices that by itself. With ?binary_parameters=yes it takes it for granted.
//
// Open refuses a database whose encoding is not UTF8, since it could not store every message.
func Open(ctx context.Context, rawURL string, options Options) (*Store, error) {
	if err := options.setDefaults(); err != nil {
		return nil, err
	}
	connector, err := newConnector(rawURL, options)
	if err != nil {
		return nil, err
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	db.SetMaxOpenConns(options.MaxConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(lifetime(options.ConnMaxLifetime))
	s := &Store{db: db, connector: connector, idle: cmp.Or(max(options.MaxConns, 0), 16)}
	db.SetMaxIdleConns(s.idle)
	if err := s.open(ctx, options); err != nil {
		return nil, fmt.Errorf("open postgres database: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// lifetime returns up to a tenth less than d, so that the connections of processes that
// have started together do not end together.
func lifetime(d time.Duration) time.Duration {
	if d < 0 {
		return 0 // which is no bound
	}
	return d - rand.N(d/10+1)
}

// New returns a Store on a handle that the application has already, and migrates the tables.
// The handle may be that of any driver for Postgres. It stays the application's: Close does
// not close it, and its limits are set by the application, which should
//
//   - bound the connections and their lifetime (SetMaxOpenConns, SetConnMaxLifetime),
//   - set a connect_timeout,
//   - ask for a primary if there are several servers (target_session_attrs), and
//   - make reads end on a connection to a server that does not answer (for example with a
//     dialer that sets deadlines). The call returns in any case, but otherwise the
//     connection stays in use for as long as it lives.
//
// Each call is a transaction of its own with Options.Timeout as its statement_timeout, which
// takes four to five round trips. A Store of Open takes one.
func New(ctx context.Context, db *sql.DB, options Options) (*Store, error) {
	if options.MaxConns != 0 || options.ConnectTimeout != 0 || options.ConnMaxLifetime != 0 {
		return nil, errors.New("postgres: MaxConns, ConnectTimeout and ConnMaxLifetime are for Open; New takes the handle as it is")
	}
	if err := options.setDefaults(); err != nil {
		return nil, err
	}
	s := &Store{db: sqlx.NewDb(db, "postgres"), isolate: true}
	if err := s.open(ctx, options); err != nil {
		return nil, fmt.Errorf("use postgres database: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, options Options) error {
	s.timeout = options.Timeout
	s.begin = fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = %d", options.Timeout.Milliseconds())
	if err := s.probe(ctx); err != nil {
		return err
	}
	if !options.NoMigrate {
		if err := sqlstore.Migrate(ctx, s.db, sqlstore.Postgres); err != nil {
			return err
		}
	}
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	var err error
	if s.tables, err = sqlstore.New(ctx, s.db, s.db, sqlstore.Postgres, s.statement); err != nil {
		return err
	}
	for _, p := range []struct {
		stmt **statement
		text string
	}{
		{&s.append, `SELECT * FROM coup_append_entries($1, $2, $3, $4, $5, $6)`},
		{&s.raise, raise},
		{&s.check, writable},
	} {
		if *p.stmt, err = s.prepare(ctx, s.db, p.text); err != nil {
			return err
		}
	}
	if options.Search {
		s.tables.StartIndex()
	}
	return nil
}

// Close closes the connections, unless they are those of the handle that New got. Call no
// other method after it.
func (s *Store) Close() error {
	for _, stmt := range []*statement{s.append, s.raise, s.check} {
		if stmt != nil {
			stmt.Close()
		}
	}
	if s.tables != nil {
		s.tables.Close()
	}
	if s.connector != nil {
		_ = s.db.Close() // which could only say that a connection was broken already
	}
	return nil
}
