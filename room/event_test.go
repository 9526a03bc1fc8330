package room_test

import (
	"testing"

	"github.com/coupchat/coup/room"
)

// A scribe is an Encoder that writes its name and counts its calls.
type scribe struct {
	name   string
	events int
}

func (u *scribe) EncodeEvent(*room.Event) []byte { u.events++; return []byte(u.name) }
func (u *scribe) EncodeBatch(b *room.Batch) []byte {
	return append([]byte("all of "), b.Events[0].Encoded(u)...)
}

func TestEachDialectEncodesAnEventOnce(t *testing.T) {
	b := &room.Batch{Events: []*room.Event{{Kind: room.Left}}}
	dialects := []*scribe{{name: "one"}, {name: "two"}, {name: "three"}}
	for range 2 {
		for _, d := range dialects {
			if got := string(b.Encoded(d)); got != "all of "+d.name {
				t.Errorf("Batch.Encoded by %s = %q", d.name, got)
			}
			if got := string(b.Events[0].Encoded(d)); got != d.name {
				t.Errorf("Event.Encoded by %s = %q", d.name, got)
			}
		}
	}
	for _, d := range dialects {
		if d.events != 1 {
			t.Errorf("%s encoded the event %d times, want once", d.name, d.events)
		}
	}
}
