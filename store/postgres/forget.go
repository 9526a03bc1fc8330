package postgres

import (
	"context"
	"time"
)

// forgetting is how long the connections live shortly after Forget. Those that are in use then must come
// back, and database/sql must look for old ones again, which it does each second.
const forgetting = 2 * time.Second

// Forget implements store.Forgetter: for a while no connection is used that is older than a second. A Store of
// New leaves that to the application: see sql.DB.SetConnMaxLifetime.
func (s *Store) Forget() {
	if s.connector == nil {
		return
	}
	s.db.SetConnMaxLifetime(time.Second)
	time.AfterFunc(forgetting, func() {
		s.db.SetConnMaxLifetime(shortened(s.lifetime))
		// A prepared statement knows the connections that it was used on, until it is used again, be it in
		// vain.
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		for _, p := range s.prepared {
			_, _ = p.ExecContext(ended)
		}
	})
}
