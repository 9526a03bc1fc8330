// Package native is the dialect of the native WebSocket endpoint: requests of clients
// and events of the server, each one JSON object in one text frame. It knows the fields
// of the events, but not what a client may do.
package native

import (
	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A Dialect reads and writes frames. It has no state: all Dialects are equal.
type Dialect struct{}

var _ room.Encoder = Dialect{}

// An event is an event while it is being written: begin it, add the fields of its data,
// and seal it.
type event struct{ json.Object }

// begin begins an event that answers the request with id, if there is one. size is how
// many bytes the data will need, about.
func begin(size int, name string, id RequestID) event {
	b := make([]byte, ws.HeaderSpace, ws.HeaderSpace+64+len(id.Text)+size)
	b = append(append(append(b, `{"event":"`...), name...), '"')
	if id.Given {
		b = json.AppendString(append(b, `,"id":`...), id.Text)
	}
	return event{json.Begin(append(b, `,"data":`...))}
}

// seal returns the frame of the event.
func (e *event) seal() []byte { return ws.Seal(append(e.End(), '}')) }

// EncodeBatch returns the frames of a batch in one piece.
func (d Dialect) EncodeBatch(b *room.Batch) []byte {
	if len(b.Events) == 1 {
		return b.Events[0].Encoded(d)
	}
	size := 0
	for _, ev := range b.Events {
		size += len(ev.Encoded(d))
	}
	frames := make([]byte, 0, size)
	for _, ev := range b.Events {
		frames = append(frames, ev.Encoded(d)...)
	}
	return frames
}

// EncodeEvent returns the frame of an event.
func (Dialect) EncodeEvent(ev *room.Event) []byte {
	switch ev.Kind {
	case room.NewMessage:
		m := &ev.Message
		e := begin(192+len(m.Content)+len(m.UserName)+2*len(m.StudyID)+len(m.UserID), "new_message", RequestID{})
		e.String("id", m.ID)
		e.String("studyId", string(m.StudyID))
		e.Int("seq", m.Seq)
		e.String("userId", string(m.UserID))
		e.String("userName", m.UserName)
		e.String("content", m.Content)
		e.String("sentAt", store.FormatTime(m.SentAt))
		e.Optional("clientId", m.ClientID)
		return e.seal()
	case room.Left:
		e := begin(64, "room_left", RequestID{})
		e.String("studyId", string(ev.StudyID))
		e.String("reason", ev.Reason)
		return e.seal()
	case room.Reset:
		e := begin(64, "room_reset", RequestID{})
		e.String("studyId", string(ev.StudyID))
		e.Int("seq", ev.Seq)
		return e.seal()
	case room.Erased:
		e := begin(64, "messages_erased", RequestID{})
		e.String("studyId", string(ev.StudyID))
		e.Int("from", ev.First)
		e.Int("to", ev.Last)
		return e.seal()
	default:
		n := &ev.Notice
		e := begin(128+len(n.Message)+len(n.Link), "notification", RequestID{})
		e.String("type", n.Type)
		e.String("message", n.Message)
		e.Optional("link", n.Link)
		e.Optional("studyId", string(ev.StudyID))
		e.Optional("id", n.ID)
		return e.seal()
	}
}
