package postgres

import (
	"context"
	"time"
)

// forgetting is how long connections live shortly after Forget, and how long a statement that was replaced
// is still used.
const forgetting = time.Second

// Forget implements store.Forgetter. The driver keeps what a connection has read or written in its buffers,
// so all connections end: the idle ones at once, the others when their call has ended. A Store of New leaves that
// to the application: see sql.DB.SetConnMaxLifetime.
func (s *Store) Forget() {
	if s.connector == nil {
		return
	}
	s.db.SetConnMaxLifetime(forgetting)
	time.AfterFunc(forgetting, func() {
		s.db.SetConnMaxLifetime(lifetime(s.lifetime))
		s.renew()
	})
}

// renew prepares the statements anew: one of database/sql keeps the connections that it was used on, also
// when they have ended.
func (s *Store) renew() {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	for _, st := range s.statements {
		again, err := s.db.PreparexContext(ctx, st.text)
		if err != nil {
			return // the next Forget tries again
		}
		old := st.prepared.Swap(again)
		time.AfterFunc(forgetting, func() { _ = old.Close() }) // somebody may be about to use it
	}
}
