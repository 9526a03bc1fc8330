package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// lostRole reports whether err says that a server takes no writes: it is a standby, or a
// former primary that was made read-only. All its connections are then useless.
func lostRole(err error) bool { return hasState(err, "25006") } // read_only_sql_transaction

// hasState reports whether err is of the server and has this SQLSTATE.
func hasState(err error, state string) bool {
	var coded interface{ SQLState() string }
	return errors.As(err, &coded) && coded.SQLState() == state
}

// drop closes the connections that were made before t. Those of the application's handle
// it cannot reach: each of them is closed when it has failed.
func (s *Store) drop(t time.Time) {
	if s.connector != nil {
		s.connector.dialer.closeOlder(t)
	}
}

var errReadOnly = fmt.Errorf("%w: the server takes no writes, a primary is needed", store.ErrUnavailable)

// Check implements store.Checker. It makes one round trip and writes nothing. If the server
// takes no writes, Check closes the connections to it: the next call makes new ones.
func (s *Store) Check(ctx context.Context) error {
	start := time.Now()
	var found []struct{ Writable bool }
	if err := s.check.SelectContext(ctx, &found); err != nil {
		return sqlstore.Wrap("check", err)
	}
	if len(found) != 1 || !found[0].Writable {
		s.drop(start)
		return errReadOnly
	}
	return nil
}

// writable says whether the server takes writes.
const writable = `SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS writable`
