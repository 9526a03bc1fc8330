package room

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

func TestAnInboxRunsItemsInOrder(t *testing.T) {
	var got []int
	var in inbox
	in.work = work.NewGroup(time.Second)
	in.run = func(batch []item) int { batch[0].do(); return 1 }
	for i := range 10 {
		in.do(func() {
			in.do(func() { got = append(got, 10+i) }) // runs after the item that enqueues it
			got = append(got, i)
		})
		in.call(func() {})
	}
	for i := range 10 {
		if got[2*i] != i || got[2*i+1] != 10+i {
			t.Fatalf("ran %v", got)
		}
	}
	in.work.End()
	in.work.Wait()
	ran := false
	in.later(func() { ran = true })
	if !ran {
		t.Error("an item was not run after the work group has ended")
	}
}

// panics is a connection whose Deliver panics.
type panics struct{}

func (panics) User() store.UserID { return "panics" }
func (panics) Deliver(*Batch)     { panic("a bug") }

// An item that follows a delivery must run although the delivery panics: another
// goroutine may wait for it.
func TestItemsAfterAPanicAreRun(t *testing.T) {
	sh := &shared{work: work.NewGroup(time.Second), tell: func(store.StudyID, relay.Live) {}}
	sh.opts.Log = slog.New(slog.DiscardHandler)
	r := newRoom(sh, "s1")
	r.timeline.ready = true
	r.seat(panics{}, &user{id: "panics"})
	w := waiter{seq: 1, done: make(chan struct{})}
	r.waiters = []waiter{w}
	ran := false
	r.inbox.put(item{message: &Event{Message: store.Message{Seq: 1}}}, item{do: func() { ran = true }})
	if !ran {
		t.Error("the item after the delivery was not run")
	}
	select {
	case <-w.done:
	default:
		t.Error("the goroutine that waited for the message was not woken")
	}
}

// blocked is a connection whose first Deliver waits for free.
type blocked struct {
	silent
	free chan struct{}
	seqs []int64
}

func (c *blocked) Deliver(b *Batch) {
	<-c.free
	for _, ev := range b.Events {
		c.seqs = append(c.seqs, ev.Message.Seq)
	}
}

// Messages come faster from the bus than a room can deliver them. Those that do not fit
// into the inbox are read from the store later, in order.
func TestMessagesOfOtherHubsInTheInboxAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := store.NewMemory(), bus.NewMemory()
		defer b.Close()
		c := &blocked{free: make(chan struct{})}
		g, _ := inside(t, s, b, c, JoinRequest{})
		defer g.Close(t.Context())
		in := &g.lookup("s1").inbox
		const all, part = 20_000, 500
		for range all / part {
			publishAs(t, b, "other", appendTo(t, s, part))
			synctest.Wait()
			in.mu.Lock()
			waiting := len(in.items)
			in.mu.Unlock()
			if waiting > maxInbox+part {
				t.Fatalf("%d items wait", waiting)
			}
		}
		close(c.free)
		time.Sleep(time.Minute)
		synctest.Wait()
		for i, seq := range c.seqs {
			if seq != int64(i+1) {
				t.Fatalf("delivery %d has seq %d", i+1, seq)
			}
		}
		if len(c.seqs) != all {
			t.Errorf("%d messages were delivered, want %d", len(c.seqs), all)
		}
	})
}
