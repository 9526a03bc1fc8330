package socketio

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// maxCursor is how long a cursor may be. A client with a longer one is not recoverable: it would
// cost more than the messages.
const maxCursor = 2 << 10

// A cursor is how far a client has come in each of its rooms. A client keeps one string only, the
// last argument of the last event if that is a string, and gives it back when it connects again.
// So the string names all rooms.
type cursor []place

// set sets the place of a study.
func (c *cursor) set(p place) {
	for i := range *c {
		if (*c)[i].study == p.study {
			(*c)[i] = p
			return
		}
	}
	*c = append(*c, p)
}

// append appends the text of the cursor, which is empty if it would be too long.
func (c cursor) append(b []byte) []byte {
	start := len(b)
	for i := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if b = c[i].append(b); len(b)-start > maxCursor {
			return b[:start]
		}
	}
	return b
}

// frame returns the event that tells the client the cursor.
func (c cursor) frame() []byte {
	b := make([]byte, ws.HeaderSpace, ws.HeaderSpace+96*(1+len(c)))
	b = append(append(b, event...), `["cursor","`...)
	return ws.Seal(append(c.append(b), `"]`...))
}

// Forget returns the event that makes the client forget its cursor.
func (*Dialect) Forget() []byte { return cursor(nil).frame() }

// Moved notes how far the client has come in a room. It returns the event that tells the client.
func (d *Dialect) Moved(study store.StudyID, seq int64, at time.Time) []byte {
	p := place{study: study, seq: seq}
	if !at.IsZero() {
		p.at = at.UnixMilli()
	}
	d.past.set(p)
	return d.past.frame()
}

// Left forgets a room, and returns the event that tells the client.
func (d *Dialect) Left(study store.StudyID) []byte {
	d.past = slices.DeleteFunc(d.past, func(p place) bool { return p.study == study })
	return d.past.frame()
}

// Deliver returns what the client gets of a batch, of which Encoder has written shared. That is
// the same for all who are in no other room.
func (d *Dialect) Deliver(b *room.Batch, shared []byte) []byte {
	alone := len(d.past) == 1
	if !alone {
		shared = d.own(b)
	}
	for _, ev := range b.Events {
		switch at, ok := placeOf(ev); {
		case ok && alone && at.study == d.past[0].study:
			d.past[0] = at
		case ev.Kind == room.Left:
			shared = slices.Concat(shared, d.Left(ev.StudyID))
		case ev.Kind == room.Reset:
			shared = slices.Concat(shared, d.Moved(ev.StudyID, ev.Seq, time.Time{}))
		}
	}
	return shared
}

// own returns the frames of a batch with the client's own cursor.
func (d *Dialect) own(b *room.Batch) []byte {
	if _, ok := placeOf(b.Events[0]); !ok && len(b.Events) == 1 {
		return b.Events[0].Encoded(Encoder{})
	}
	var frames []byte
	for _, ev := range b.Events {
		shared := ev.Encoded(Encoder{})
		at, ok := placeOf(ev)
		if !ok {
			frames = append(frames, shared...)
			continue
		}
		d.past.set(at)
		body := ws.Payload(shared)
		body = body[:bytes.LastIndex(body, []byte(`,"`))+2] // no cursor has a quote in it
		one := make([]byte, ws.HeaderSpace, ws.HeaderSpace+len(body)+96*len(d.past))
		one = ws.Seal(append(d.past.append(append(one, body...)), `"]`...))
		if len(b.Events) == 1 {
			return one
		}
		frames = append(frames, one...)
	}
	return frames
}

// A Place is where a client was in a study.
type Place struct {
	StudyID store.StudyID
	Seq     int64
	// SentAt is when the entry at Seq was stored, or zero.
	SentAt time.Time
}

// ParseCursor reads a cursor that a client gives back. It reports false for one that this package
// has not written: it comes from a stranger, and may hold anything.
func ParseCursor(text string) (places []Place, ok bool) {
	if text == "" || len(text) > maxCursor {
		return nil, false
	}
	for part := range strings.SplitSeq(text, ",") {
		rest, at, ok1 := cutLast(part)
		study, seq, ok2 := cutLast(rest)
		if !ok1 || !ok2 || !store.ValidID(store.StudyID(study)) {
			return nil, false
		}
		p := Place{StudyID: store.StudyID(study)}
		var err error
		if p.Seq, err = parse(seq, 10); err != nil {
			return nil, false
		}
		if at != "" {
			ms, err := parse(at, 36)
			if err != nil || ms == 0 {
				return nil, false
			}
			p.SentAt = time.UnixMilli(ms)
		}
		if slices.ContainsFunc(places, func(o Place) bool { return o.StudyID == p.StudyID }) {
			return nil, false
		}
		places = append(places, p)
	}
	return places, true
}

// parse reads a number from 0 to 2^53, which is written in one way only.
func parse(digits string, base int) (int64, error) {
	n, err := strconv.ParseUint(digits, base, 53)
	if err == nil && strconv.FormatUint(n, base) != digits {
		err = strconv.ErrSyntax
	}
	return int64(n), err
}

// cutLast cuts s at its last colon: an id may have colons too.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
