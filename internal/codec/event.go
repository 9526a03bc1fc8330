package codec

import "github.com/coupchat/coup/internal/json"

// An Event is an event of the server while it is being written: open it with
// Begin, add the fields of its data, and End it.
type Event struct{ json.Object }

// Begin starts an event after the bytes of b. id is the request it answers, if
// hasID.
func Begin(b []byte, name, id string, hasID bool) Event {
	b = append(append(append(b, `{"event":"`...), name...), '"')
	if hasID {
		b = json.AppendString(append(b, `,"id":`...), id)
	}
	return Event{json.Begin(append(b, `,"data":`...))}
}

// End closes the event and returns all bytes.
func (e *Event) End() []byte { return append(e.Object.End(), '}') }
