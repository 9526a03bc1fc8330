package room

import (
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// A room is a study that has members on this hub. Everything that happens in it
// goes through one inbox, and one goroutine at a time works the inbox off:
// whoever puts something in while nobody does, and where others keep adding, a
// goroutine of the room's own. So the state below the inbox has no lock,
// deliveries have one order, and an idle room costs no goroutine.
type room struct {
	reg   *Registry
	study store.StudyID
	sub   bus.Subscription
	refs  int // seats and joins under way; guarded by reg.mu

	mu    sync.Mutex // guards inbox, spare, busy
	inbox []work
	spare []work // the emptied inbox of last time
	busy  bool

	// What follows belongs to the deliverer.

	seats []*Seat
	// head is the newest seq delivered, once ready says that it is known.
	head  int64
	ready bool
	// target is the newest seq known to exist.
	target int64
	// ahead holds messages that came before their turn.
	ahead map[int64]*Event
	// recent holds the last messages delivered, ending with head.
	recent []*Event
	// primed is when recent was last read from the store.
	primed time.Time
	// priming is the read of recent messages that is under way, if any.
	priming *priming
	// filling says that a goroutine reads what is missing.
	filling bool
	waiters []waiter
	// out is what will be delivered next.
	out []*Event
}

// work is a message to deliver or something else to do.
type work struct {
	said *Event
	do   func()
}

// do runs fn in the room's order.
func (r *room) do(fn func()) {
	r.put(work{do: fn})
}

// later is do for those who must not be held up by what is in the inbox: somebody
// else works it off.
func (r *room) later(fn func()) {
	if r.enter(work{do: fn}) {
		r.handOver()
	}
}

// call is do that waits until fn has run. It must not be called from within the
// room's order.
func (r *room) call(fn func()) {
	done := make(chan struct{})
	r.do(func() {
		defer close(done)
		fn()
	})
	<-done
}

// put adds to the inbox and does it, unless somebody else is at it. What others add
// meanwhile is not the caller's to do: in a lively room that has no end.
func (r *room) put(ws ...work) {
	if r.enter(ws...) && r.workBatch() {
		r.handOver()
	}
}

// handOver has the inbox worked off by somebody else.
func (r *room) handOver() {
	if !r.reg.background(r.workOff) {
		r.workOff()
	}
}

// maxInbox bounds how much of what other hubs say may wait in the inbox.
const maxInbox = 4096

// behind reports whether as much waits in the inbox as may.
func (r *room) behind() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.inbox) >= maxInbox
}

// enter adds to the inbox. It reports true if the caller must see to it that the
// inbox is worked off.
func (r *room) enter(ws ...work) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inbox = append(r.inbox, ws...)
	idle := !r.busy
	r.busy = true
	return idle
}

// workOff empties the inbox.
func (r *room) workOff() {
	for r.workBatch() {
	}
}

// workBatch does what is in the inbox. If it reports true there is more already,
// which the caller must see to.
func (r *room) workBatch() (more bool) {
	r.mu.Lock()
	batch := r.inbox
	r.inbox, r.spare = r.spare[:0], nil
	r.mu.Unlock()
	for rest := batch; len(rest) > 0; {
		rest = rest[r.work(rest):]
	}
	clear(batch)
	r.mu.Lock()
	defer r.mu.Unlock()
	if cap(batch) <= maxSpare {
		r.spare = batch
	}
	r.busy = len(r.inbox) > 0
	return r.busy
}

// maxSpare bounds the inbox kept for reuse.
const maxSpare = 256

// work does a batch in order and returns how much of it is done: all, unless there
// is a bug in a part, which then costs no more than that part. Messages that stand
// together are delivered together, so that each member's share leaves in one
// write.
func (r *room) work(batch []work) (done int) {
	defer func() {
		if bug := recover(); bug != nil {
			r.reg.opts.Log.Error("room panicked", "study", r.study, "panic", bug, "stack", string(debug.Stack()))
		}
	}()
	for _, w := range batch {
		if w.said != nil {
			done++
			r.take(w.said)
			continue
		}
		r.flush() // a bug in a delivery must not cost what comes after it
		done++
		w.do()
	}
	r.flush()
	return done
}

// flush delivers what has come up.
func (r *room) flush() {
	if len(r.out) == 0 {
		return
	}
	out := r.out
	r.out = nil
	defer r.wake()
	batch := &Batch{Events: out}
	// Whoever sat down last is told first: who has just come is looking at the page.
	for _, s := range slices.Backward(r.seats) {
		s.conn.Deliver(batch)
	}
	r.reg.stats.delivered.Add(int64(len(out) * len(r.seats)))
	clear(out)
	r.out = out[:0]
}

// tell delivers one event to everyone in the room.
func (r *room) tell(ev *Event) {
	batch := &Batch{Events: []*Event{ev}}
	for _, s := range r.seats {
		s.conn.Deliver(batch)
	}
}

// add seats a member. The caller holds a reference for it.
func (r *room) add(s *Seat) {
	s.index = len(r.seats)
	r.seats = append(r.seats, s)
}

// remove takes a seat away, once.
func (r *room) remove(s *Seat) bool {
	if s.gone.Swap(true) {
		return false
	}
	last := len(r.seats) - 1
	r.seats[s.index] = r.seats[last]
	r.seats[s.index].index = s.index
	r.seats[last] = nil
	r.seats = r.seats[:last]
	r.reg.release(r)
	return true
}

// expel takes out the seats that match and tells their members why.
func (r *room) expel(reason string, match func(*Seat) bool) {
	batch := &Batch{Events: []*Event{{Kind: Left, StudyID: r.study, Reason: reason}}}
	for i := len(r.seats) - 1; i >= 0; i-- {
		if s := r.seats[i]; match(s) && r.remove(s) {
			s.conn.Deliver(batch)
		}
	}
}
