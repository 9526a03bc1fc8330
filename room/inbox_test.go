package room

import (
	"io"
	"log/slog"
	"testing"

	"github.com/coupchat/coup/store"
)

// broken is a member whose Deliver has a bug.
type broken struct{}

func (broken) User() store.UserID { return "broken" }
func (broken) Deliver(*Batch)     { panic("a bug") }

// Whoever waits for something to be done in a room's order must not wait for ever
// because a delivery right before it went wrong.
func TestWhatFollowsABugInADeliveryIsDone(t *testing.T) {
	r := &room{reg: &Registry{opts: Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}, ready: true}
	r.add(&Seat{room: r, conn: broken{}})
	waiting := waiter{seq: 1, done: make(chan struct{})}
	r.waiters = []waiter{waiting}
	done := false
	r.put(work{said: &Event{Message: store.Message{Seq: 1}}}, work{do: func() { done = true }})
	if !done {
		t.Error("what came after the delivery was not done")
	}
	select {
	case <-waiting.done:
	default:
		t.Error("who waited for the message was not woken")
	}
}
