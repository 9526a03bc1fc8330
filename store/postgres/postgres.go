// Package postgres keeps messages and presence in PostgreSQL 12 or later.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// Options tune a Store. The zero value is good.
type Options struct {
	// MaxConns bounds the connections to the server. Defaults to 16.
	MaxConns int
	// ConnectTimeout bounds making a connection, unless the URL has a
	// connect_timeout. Defaults to 3s.
	ConnectTimeout time.Duration
	// Timeout bounds a statement, lock waits included, and how long a server
	// that has gone silent is waited for, also by callers whose context has no
	// deadline. Defaults to 5s.
	Timeout time.Duration
}

func (o *Options) setDefaults() {
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 3 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
}

// Store is a store.Store on Postgres.
type Store struct {
	*sqlstore.Store
	db     *sqlx.DB
	append *sqlx.Stmt
}

var _ store.Store = (*Store)(nil)

// Open connects to the database at rawURL, postgres://user:password@host/name,
// and migrates its tables. What is not in the URL comes from the PG* variables
// of the environment, as in psql, but TLS is required unless sslmode says
// otherwise: a local server may want ?sslmode=disable.
//
// The Store's method DB returns the *sqlx.DB, for tables of your own beside those
// that start with coup_.
func Open(ctx context.Context, rawURL string, options Options) (*Store, error) {
	options.setDefaults()
	connector, err := connector(rawURL, options)
	if err != nil {
		return nil, err
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	db.SetMaxOpenConns(options.MaxConns)
	db.SetMaxIdleConns(options.MaxConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{db: db}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open postgres database: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func connector(rawURL string, options Options) (*pq.Connector, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// The error of url.Parse quotes the URL, and with it the password.
		return nil, errors.New("postgres: the database URL cannot be parsed")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("postgres: the database URL must start with postgres://, not %q", u.Scheme+":")
	}
	config, err := pq.NewConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("postgres: read the database URL: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = options.ConnectTimeout
	}
	if config.Runtime == nil {
		config.Runtime = make(map[string]string)
	}
	config.Runtime["statement_timeout"] = strconv.FormatInt(options.Timeout.Milliseconds(), 10)
	// Append reads again what it waited for; stricter levels would fail instead.
	config.Runtime["default_transaction_isolation"] = "read committed"
	c, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, fmt.Errorf("postgres: read the database URL: %w", err)
	}
	c.Dialer(dialer{silence: options.Timeout + time.Second})
	return c, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := sqlstore.Migrate(ctx, s.db, sqlstore.Postgres); err != nil {
		return err
	}
	var err error
	if s.Store, err = sqlstore.New(ctx, s.db, s.db, sqlstore.Postgres); err != nil {
		return err
	}
	s.append, err = s.db.PreparexContext(ctx, `SELECT * FROM coup_append($1, $2, $3, $4, $5)`)
	return err
}

// Close closes the connections. No method may be called after it.
func (s *Store) Close() error {
	if s.append != nil {
		s.append.Close()
	}
	if s.Store != nil {
		s.CloseStatements()
	}
	return s.db.Close()
}
