package hub

import (
	"slices"

	"github.com/coupchat/coup/internal/codec"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// native writes events for the native endpoint.
type native struct{}

var _ room.Encoder = native{}

// Deliver sends events of rooms and notifications, in order.
func (s *session) Deliver(b *room.Batch) {
	if s.hub.opts.ExcludeSender {
		if b = s.fromOthers(b); len(b.Events) == 0 {
			return
		}
	}
	frames := b.Encoded(native{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return
	}
	if ev := b.Events[0]; ev.Kind == room.Left { // comes alone
		// Who has joined again meanwhile keeps the new seat.
		s.seats = slices.DeleteFunc(s.seats, func(seat *room.Seat) bool { return seat.StudyID() == ev.StudyID && seat.Gone() })
	}
	s.out.push(s, frames)
}

// fromOthers returns what of a batch the session has not posted itself.
func (s *session) fromOthers(b *room.Batch) *room.Batch {
	own := func(ev *room.Event) bool { return ev.From == room.Conn(s) }
	if !slices.ContainsFunc(b.Events, own) {
		return b
	}
	return &room.Batch{Events: slices.DeleteFunc(slices.Clone(b.Events), own)}
}

// replay sends what the client asked to have again: it may be more than the queue
// of a slow reader holds.
func (s *session) replay(events []*room.Event) {
	frames := native{}.EncodeBatch(&room.Batch{Events: events})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open {
		s.out.pushReplay(s, frames, true)
	}
}

// EncodeBatch makes the frames of a batch, in one piece.
func (n native) EncodeBatch(b *room.Batch) []byte {
	if len(b.Events) == 1 {
		return b.Events[0].Encoded(n)
	}
	size := 0
	for _, ev := range b.Events {
		size += len(ev.Encoded(n))
	}
	frames := make([]byte, 0, size)
	for _, ev := range b.Events {
		frames = append(frames, ev.Encoded(n)...)
	}
	return frames
}

// frame starts an event in a buffer that Seal can make a frame of.
func frame(size int, name, id string, hasID bool) codec.Event {
	return codec.Begin(make([]byte, ws.HeaderSpace, ws.HeaderSpace+64+len(id)+size), name, id, hasID)
}

// EncodeEvent makes the frame of an event.
func (native) EncodeEvent(ev *room.Event) []byte {
	switch ev.Kind {
	case room.NewMessage:
		m := &ev.Message
		e := frame(192+len(m.Content)+len(m.UserName)+2*len(m.StudyID)+len(m.UserID), "new_message", "", false)
		e.String("id", m.ID)
		e.String("studyId", string(m.StudyID))
		e.Int("seq", m.Seq)
		e.String("userId", string(m.UserID))
		e.String("userName", m.UserName)
		e.String("content", m.Content)
		e.String("sentAt", store.FormatTime(m.SentAt))
		e.Optional("clientId", m.ClientID)
		return ws.Seal(e.End())
	case room.Left:
		e := frame(64, "room_left", "", false)
		e.String("studyId", string(ev.StudyID))
		e.String("reason", ev.Reason)
		return ws.Seal(e.End())
	default:
		n := &ev.Notice
		e := frame(128+len(n.Message)+len(n.Link), "notification", "", false)
		e.String("type", n.Type)
		e.String("message", n.Message)
		e.Optional("link", n.Link)
		e.Optional("studyId", string(ev.StudyID))
		e.Optional("id", n.ID)
		return ws.Seal(e.End())
	}
}
