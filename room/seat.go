package room

import (
	"sync/atomic"

	"github.com/coupchat/coup/store"
)

// A Conn is one connection of a user, as a room sees it.
type Conn interface {
	// User returns whose connection it is; always the same.
	User() store.UserID
	// Deliver tells the member of events. It never blocks.
	Deliver(b *Batch)
}

// A Seat is a member's place in a room.
type Seat struct {
	room    *room
	conn    Conn
	user    *user
	index   int          // in room.seats; owned by the room's deliverer
	gone    atomic.Bool  // left or was taken out
	checked atomic.Int64 // when membership was last confirmed, a stamp
	asked   atomic.Int64 // when a post last had it asked, likewise, or 0
}

// StudyID returns which study the seat is in.
func (s *Seat) StudyID() store.StudyID { return s.room.study }

// Gone reports whether the member left or was taken out.
func (s *Seat) Gone() bool { return s.gone.Load() }

// Leave gives the seat up and then calls left, which must not block, in the
// room's order: nothing of the room is delivered to the member after it.
func (s *Seat) Leave(left func()) {
	s.room.later(func() {
		s.room.remove(s)
		left()
	})
}
