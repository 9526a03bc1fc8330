package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
)

// pqConn and pqStmt are what the driver's connections and prepared statements can do.
type (
	pqConn interface {
		driver.Conn
		driver.ConnPrepareContext
		driver.ConnBeginTx
		driver.QueryerContext
		driver.ExecerContext
		driver.NamedValueChecker
		driver.Pinger
		driver.SessionResetter
		driver.Validator
	}
	pqStmt interface {
		driver.Stmt
		driver.StmtQueryContext
		driver.StmtExecContext
	}
)

// A link is a connection of the driver, which keeps what it has read or written in its buffers. So a
// link is not used any more once the Store has forgotten, see Forget.
type link struct {
	pqConn
	forgotten *atomic.Int64 // how often the Store has forgotten
	before    int64         // that, when the link was made
}

// newLink returns a link, which is not valid any more when forgotten has changed.
func newLink(conn driver.Conn, forgotten *atomic.Int64) (driver.Conn, error) {
	c, ok := conn.(pqConn)
	if !ok {
		return nil, errors.New("postgres: the driver has changed")
	}
	return &link{c, forgotten, forgotten.Load()}, nil
}

func (l *link) old() bool { return l.forgotten.Load() != l.before }

// IsValid implements driver.Validator. It is asked when a call has ended.
func (l *link) IsValid() bool { return !l.old() && l.pqConn.IsValid() }

// PrepareContext implements driver.ConnPrepareContext.
func (l *link) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	made, err := l.pqConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := made.(pqStmt)
	if !ok {
		return nil, errors.New("postgres: the driver has changed")
	}
	return &linkStmt{s, l}, nil
}

// A linkStmt is a statement that is prepared on a link. A sql.Stmt keeps those of all connections that it
// was used on, also of ended ones. So nothing of the connection is left in it once it is closed.
type linkStmt struct {
	pqStmt
	link *link
}

// Close implements driver.Stmt.
func (s *linkStmt) Close() error {
	stmt, old := s.pqStmt, s.link.old()
	*s = linkStmt{}
	if old { // the connection ends, and with it all that the server knows of it
		return nil
	}
	return stmt.Close()
}

// Forget implements store.Forgetter. The driver keeps what a connection has read or written in its buffers,
// so the connections that there are end: the idle ones at once, the others when their call has ended. A Store of
// New leaves that to the application, and does nothing.
func (s *Store) Forget() {
	if s.connector == nil {
		return
	}
	s.connector.forgotten.Add(1)
	s.db.SetMaxIdleConns(0) // ends the idle ones
	s.db.SetMaxIdleConns(s.idle)
}
