package hub

import (
	"cmp"
	"slices"
	"time"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Deliver sends events of rooms and notifications. See room.Conn.
func (s *session) Deliver(b *room.Batch) {
	if first := b.Events[0]; first.Kind == room.Revoked { // alone in its batch
		revoke(s, cmp.Or(first.Notice.Message, "the session was revoked"))
		return
	}
	last, own := b.Events[len(b.Events)-1], false
	if s.hub.opts.ExcludeSender && !b.Replay {
		b, own = without(b, s), last.From == room.Conn(s)
	}
	var shared []byte
	if len(b.Events) > 0 {
		shared = b.Encoded(s.dialect.Encoder())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open || s.stream == nil { // a notification may come before the stream
		return
	}
	if len(b.Events) > 0 && b.Events[0].Kind.Live() && s.out.backlog != nil && s.out.backlog.size > maxLive {
		s.hub.counts.dropped.Add(1)
		return
	}
	if shared != nil {
		if ev := b.Events[0]; ev.Kind == room.Left { // alone in its batch
			// A session that has joined again meanwhile keeps the new seat.
			s.seats.Remove(s.seats.Find(func(seat *room.Seat) bool { return seat.StudyID() == ev.StudyID && seat.Gone() }))
		}
		push := s.out.push
		if b.Replay {
			push = s.out.pushReplay
		}
		push(s, s.dialect.Deliver(b, shared))
	}
	if own { // the client has come as far as if it had got that too
		s.moved(last.Message.StudyID, last.Message.Seq, last.Message.SentAt)
	}
}

// revoke ends a session whose user must authenticate again.
func revoke(s *session, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return
	}
	s.out.push(s, s.dialect.AuthError(native.RequestID{}, tokenRevoked, message))
	s.closeLocked(ws.Unauthenticated, "the session was revoked")
}

// moved notes how far the client has come in a study, and tells it if the dialect does that. The
// caller holds mu.
func (s *session) moved(study store.StudyID, seq int64, at time.Time) {
	if frame := s.dialect.Moved(study, seq, at); frame != nil && s.state == open {
		s.out.push(s, frame)
	}
}

// without returns a batch without what conn has posted.
func without(b *room.Batch, conn room.Conn) *room.Batch {
	own := func(ev *room.Event) bool { return ev.From == conn }
	if !slices.ContainsFunc(b.Events, own) {
		return b
	}
	return &room.Batch{Events: slices.DeleteFunc(slices.Clone(b.Events), own)}
}
