package room

import (
	"slices"

	"github.com/coupchat/coup/store"
)

// The types of what hubs tell each other of a room.
const (
	liveTyping   = "typing"
	liveSignal   = "signal"
	livePresence = "presence"
)

// pass delivers a live event to the seats that match.
func (r *room) pass(kind Kind, l *Live, match func(*Seat) bool) {
	batch := &Batch{Events: []*Event{{Kind: kind, StudyID: r.study, Live: l}}}
	for _, s := range r.seats {
		if match(s) {
			s.conn.Deliver(batch)
		}
	}
}

// signal delivers what one user sends to another.
func (r *room) signal(to store.UserID, l *Live) {
	if slices.ContainsFunc(r.seats, func(s *Seat) bool { return s.user.id == to }) {
		r.pass(Signal, l, func(s *Seat) bool { return s.user.id == to })
	}
}

// showTyping shows that a user types, unless that is said too often. It reports whether it did.
func (r *room) showTyping(user store.UserID, name string) bool {
	if len(r.seats) > typingSeats || !r.typing.allow(user, r.shared.now()) {
		return false
	}
	r.pass(Typing, &Live{UserID: user, UserName: name}, func(s *Seat) bool { return s.user.id != user })
	return true
}
