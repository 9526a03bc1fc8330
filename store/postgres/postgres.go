// Package postgres stores messages and presence in PostgreSQL 12 or later.
package postgres

import (
	"cmp"
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

// Options configure a Store. A zero value means the default.
type Options struct {
	// MaxConns is how many connections to the server the Store opens at most. Defaults to
	// 16; -1 is no limit.
	MaxConns int
	// ConnectTimeout bounds the time to make a connection, unless the URL has a
	// connect_timeout. Defaults to 3s. It cannot be turned off.
	ConnectTimeout time.Duration
	// Timeout bounds a statement, including the time it waits for locks, and how long the
	// Store waits for a server that sends nothing. It also holds for callers whose context
	// has no deadline. At least a millisecond. Defaults to 5s. It cannot be turned off.
	Timeout time.Duration
}

// setDefaults returns an error for an option that makes no sense.
func (o *Options) setDefaults() error {
	o.MaxConns = cmp.Or(o.MaxConns, 16)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 3*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	switch {
	case o.MaxConns < -1:
		return fmt.Errorf("postgres: Options.MaxConns must be at least 1, or -1 for no limit, not %d", o.MaxConns)
	case o.ConnectTimeout < 0:
		return fmt.Errorf("postgres: Options.ConnectTimeout must not be negative: %s", o.ConnectTimeout)
	case o.Timeout < time.Millisecond:
		return fmt.Errorf("postgres: Options.Timeout must be at least a millisecond, not %s", o.Timeout)
	}
	return nil
}

// Store is a store.Store on Postgres. Its methods may be called at the same time from any
// goroutine.
type Store struct {
	tables *sqlstore.Store
	db     *sqlx.DB
	append *sqlx.Stmt
}

var _ store.Store = (*Store)(nil)

// Open connects to the database at rawURL, postgres://user:password@host/name,
// and migrates its tables. What the URL does not say comes from the PG* environment
// variables, as in psql. But TLS is required unless sslmode says otherwise: a local
// server may need ?sslmode=disable.
func Open(ctx context.Context, rawURL string, options Options) (*Store, error) {
	if err := options.setDefaults(); err != nil {
		return nil, err
	}
	connector, err := connector(rawURL, options)
	if err != nil {
		return nil, err
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	db.SetMaxOpenConns(options.MaxConns)
	db.SetMaxIdleConns(cmp.Or(max(options.MaxConns, 0), 16))
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
	// Append reads again the rows for which it has waited. Under a stricter level it
	// would fail instead.
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
	if s.tables, err = sqlstore.New(ctx, s.db, s.db, sqlstore.Postgres); err != nil {
		return err
	}
	s.append, err = s.db.PreparexContext(ctx, `SELECT * FROM coup_append($1, $2, $3, $4, $5)`)
	return err
}

// Close closes the connections. Call no other method after it.
func (s *Store) Close() error {
	if s.append != nil {
		s.append.Close()
	}
	if s.tables != nil {
		s.tables.CloseStatements()
	}
	return s.db.Close()
}
