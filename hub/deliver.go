package hub

import (
	"slices"

	"github.com/coupchat/coup/room"
)

// Deliver sends events of rooms and notifications. See room.Conn.
func (s *session) Deliver(b *room.Batch) {
	if s.hub.opts.ExcludeSender && !b.Replay {
		if b = without(b, s); len(b.Events) == 0 {
			return
		}
	}
	frames := b.Encoded(s.encoder)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open || s.stream == nil { // a notification may come before the stream
		return
	}
	if ev := b.Events[0]; ev.Kind == room.Left { // alone in its batch
		// A session that has joined again meanwhile keeps the new seat.
		s.seats = slices.DeleteFunc(s.seats, func(seat *room.Seat) bool { return seat.StudyID() == ev.StudyID && seat.Gone() })
	}
	if b.Replay {
		s.out.pushReplay(s, frames)
		return
	}
	s.out.push(s, frames)
}

// without returns a batch without what conn has posted.
func without(b *room.Batch, conn room.Conn) *room.Batch {
	own := func(ev *room.Event) bool { return ev.From == conn }
	if !slices.ContainsFunc(b.Events, own) {
		return b
	}
	return &room.Batch{Events: slices.DeleteFunc(slices.Clone(b.Events), own)}
}

// forgetSeats removes seats from the session's list.
func (s *session) forgetSeats(match func(*room.Seat) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seats = slices.DeleteFunc(s.seats, match)
}
