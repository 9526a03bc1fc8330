package postgres

import (
	"cmp"
	"fmt"
	"time"
)

// Options configure a Store. A zero value means the default.
type Options struct {
	// MaxConns is how many connections to the server the Store opens at most. Defaults to
	// 16; -1 is no limit.
	MaxConns int
	// ConnectTimeout bounds the time to make a connection, unless the URL has a
	// connect_timeout. Defaults to 3s. It cannot be turned off.
	ConnectTimeout time.Duration
	// ConnMaxLifetime is how long a connection is used, so that connections follow an
	// address that has moved. Each Store takes up to a tenth off. Defaults to 30m; -1 is
	// no limit.
	ConnMaxLifetime time.Duration
	// Timeout bounds a statement, including the time it waits for locks, and how long the
	// Store waits for a server that sends nothing. It also holds for callers whose context
	// has no deadline. At least a millisecond. Defaults to 5s. It cannot be turned off.
	Timeout time.Duration
	// NoMigrate leaves the tables as they are, for a database role that may not create
	// any. They must be up to date: an error says what is missing.
	NoMigrate bool
	// Search makes Search find messages. It costs a row in a table for every two characters of a
	// message (26 rows and 3.4 KB for 47 characters), which one goroutine writes after the commit. Turned
	// on later, it begins with the oldest message. Off by default.
	Search bool
}

// setDefaults returns an error for an option that makes no sense.
func (o *Options) setDefaults() error {
	o.MaxConns = cmp.Or(o.MaxConns, 16)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 3*time.Second)
	o.ConnMaxLifetime = cmp.Or(o.ConnMaxLifetime, 30*time.Minute)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	switch {
	case o.MaxConns < -1:
		return fmt.Errorf("postgres: Options.MaxConns must be at least 1, or -1 for no limit, not %d", o.MaxConns)
	case o.ConnectTimeout < 0:
		return fmt.Errorf("postgres: Options.ConnectTimeout must not be negative: %s", o.ConnectTimeout)
	case o.ConnMaxLifetime < -1:
		return fmt.Errorf("postgres: Options.ConnMaxLifetime must be positive, or -1 for no limit, not %s", o.ConnMaxLifetime)
	case o.Timeout < time.Millisecond:
		return fmt.Errorf("postgres: Options.Timeout must be at least a millisecond, not %s", o.Timeout)
	}
	return nil
}
