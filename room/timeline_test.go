package room

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// event returns the event of a message with seq.
func event(seq int64) *Event { return &Event{Message: store.Message{Seq: seq}} }

func seqs(events []*Event) []int64 {
	var out []int64
	for _, ev := range events {
		out = append(out, ev.Message.Seq)
	}
	return out
}

func TestATimelinePutsMessagesInOrder(t *testing.T) {
	for _, tt := range []struct {
		name       string
		head       int64
		add        []int64
		out        []int64
		incomplete bool
	}{
		{"in order", 0, []int64{1, 2, 3}, []int64{1, 2, 3}, false},
		{"out of order", 0, []int64{3, 1, 2}, []int64{1, 2, 3}, false},
		{"with repeats", 0, []int64{1, 1, 2, 1, 2}, []int64{1, 2}, false},
		{"before head", 5, []int64{4, 5, 6}, []int64{6}, false},
		{"with a gap", 0, []int64{1, 3, 4}, []int64{1}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, opened := range []string{"before", "after"} {
				var line timeline
				if opened == "before" {
					line.open(tt.head)
				}
				for _, seq := range tt.add {
					line.add(event(seq))
				}
				line.open(tt.head)
				if got := seqs(line.out); !slices.Equal(got, tt.out) || line.incomplete() != tt.incomplete {
					t.Errorf("opened %s: out %v, incomplete %v, want %v, %v", opened, got, line.incomplete(), tt.out, tt.incomplete)
				}
			}
		})
	}
}

// Anybody who can publish on the bus can name a seq that does not exist.
func TestMessagesThatWaitForTheirTurnAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.NewMemory()
		defer b.Close()
		g, _ := inside(t, store.NewMemory(), b, silent{}, JoinRequest{})
		defer g.Close(t.Context())
		var forged []store.Message
		for i := range 2 * maxAhead {
			forged = append(forged, store.Message{ID: "x", StudyID: "s1", Seq: int64(10 + i), UserID: "u1", Content: "forged", SentAt: time.Now()})
		}
		publishAs(t, b, "other", forged)
		synctest.Wait()
		waiting := func() (n int) {
			r := g.lookup("s1")
			r.inbox.call(func() { n = len(r.timeline.ahead) })
			return n
		}
		if n := waiting(); n != maxAhead-9 { // from 10 on
			t.Errorf("%d messages wait, want %d", n, maxAhead-9)
		}
		time.Sleep(time.Minute)
		if n := waiting(); n != 0 {
			t.Errorf("%d messages wait for what the store does not have", n)
		}
	})
}
