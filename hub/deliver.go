package hub

import (
	"slices"

	"github.com/coupchat/coup/internal/codec"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
)

// native is the dialect of this endpoint among those that share an event.
const native = 0

// Deliver sends events of rooms and notifications, in order.
func (s *session) Deliver(events []*room.Event) { s.deliver(events, false) }

// deliver sends events. A replay, which the client asked for, may be more than
// the queue of a slow reader holds.
func (s *session) deliver(events []*room.Event, replay bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return
	}
	var few [8][]byte
	frames := few[:0]
	for _, ev := range events {
		switch {
		case ev.Kind == room.Said && s.hub.opts.ExcludeSender && ev.From == room.Member(s):
			continue
		case ev.Kind == room.Left:
			s.seats = slices.DeleteFunc(s.seats, func(seat *room.Seat) bool { return seat.StudyID() == ev.StudyID })
		}
		f := ev.Encoded(native, encode)
		frames = append(frames, f)
		if replay {
			s.out.spare += len(f)
		}
	}
	s.out.push(s, frames...)
}

// frame starts an event in a buffer that Seal can make a frame of.
func frame(size int, name, id string, hasID bool) codec.Event {
	return codec.Begin(make([]byte, ws.Room, ws.Room+64+len(id)+size), name, id, hasID)
}

// encode makes the frame of an event.
func encode(ev *room.Event) []byte {
	switch ev.Kind {
	case room.Said:
		m := &ev.Message
		e := frame(192+len(m.Content)+len(m.UserName)+2*len(m.StudyID)+len(m.UserID), "new_message", "", false)
		e.String("id", m.ID)
		e.String("studyId", string(m.StudyID))
		e.Int("seq", m.Seq)
		e.String("userId", string(m.UserID))
		e.String("userName", m.UserName)
		e.String("content", m.Content)
		e.String("sentAt", room.FormatTime(m.SentAt))
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
