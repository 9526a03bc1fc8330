// Package native is the dialect of the native WebSocket endpoint: requests of clients
// and events of the server, each one JSON object in one text frame. It knows the fields
// of the events, but not what a client may do.
package native

import (
	"time"

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
func (d Dialect) EncodeBatch(b *room.Batch) []byte { return Join(b, d) }

// Join returns the frames of the events of a batch in one piece.
func Join(b *room.Batch, enc room.Encoder) []byte {
	if len(b.Events) == 1 {
		return b.Events[0].Encoded(enc)
	}
	size := 0
	for _, ev := range b.Events {
		size += len(ev.Encoded(enc))
	}
	frames := make([]byte, 0, size)
	for _, ev := range b.Events {
		frames = append(frames, ev.Encoded(enc)...)
	}
	return frames
}

// EncodeEvent returns the frame of an event.
func (Dialect) EncodeEvent(ev *room.Event) []byte {
	name, size := Name(ev)
	e := begin(size, name, RequestID{})
	WriteEvent(&e.Object, ev)
	return e.seal()
}

// Encoder returns the Dialect itself.
func (d Dialect) Encoder() room.Encoder { return d }

// Binary returns false: no message is binary.
func (Dialect) Binary() bool { return false }

// Deliver returns what a client gets of a batch, of which its dialect has written shared.
func (Dialect) Deliver(_ *room.Batch, shared []byte) []byte { return shared }

// Moved and Left return nothing: a client remembers its rooms itself.
func (Dialect) Moved(store.StudyID, int64, time.Time) []byte { return nil }

// Left does as Moved.
func (Dialect) Left(store.StudyID) []byte { return nil }
