package room

import (
	"context"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/commit"
	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// shared is what all rooms of a registry use.
type shared struct {
	opts    Options
	begin   time.Time
	work    *work.Group
	store   guarded
	stats   counters
	members *membership.Checker
	posts   *commit.Lanes[Conn]
	gaps    gapReader
	memory  memory
	rare    rareLimits
	buffers buffers
	// reviews bounds how many calls of Options.BeforePost run.
	reviews chan struct{}
	// doubt checks whether the store still has the history that a room has delivered, and
	// with it a message that the room knows. It is called in the order of the room.
	doubt func(r *room, known evidence)
	// headOf asks the store for the newest seq of a study.
	headOf func(store.StudyID) (int64, error)
	// release gives up one reference to a room.
	release func(*room)
	// tell tells the other hubs something that is not stored.
	tell func(store.StudyID, relay.Live)
	// present says whether a room has a roster.
	present func(r *room, has bool)
}

func (sh *shared) now() time.Time { return time.Now() }

// stamp returns the time as a number for an atomic.Int64, in nanoseconds, never 0. It
// uses the monotonic clock: a later stamp is larger even if the wall clock is set back.
func (sh *shared) stamp() int64 { return int64(time.Since(sh.begin)) + 1 }

// entries is one call of the store.
func (sh *shared) entries(q store.Query) ([]store.Entry, error) {
	ctx, cancel := sh.work.Deadline(sh.work.Context())
	defer cancel()
	return sh.store.Entries(ctx, q)
}

// A room is a study that has connections on this hub. Everything that happens in it
// goes through its inbox, so deliveries have one order and the state below the inbox
// needs no lock.
type room struct {
	shared *shared
	study  store.StudyID
	subs   [2]bus.Subscription // see subscribe
	refs   int                 // seats and joins under way; the registry's lock guards it
	inbox  inbox
	head   atomic.Int64 // that of the timeline, for those outside the inbox
	// remembered belongs to shared.memory.
	remembered memoryOf
	// released says that the room has no references any more.
	released atomic.Bool
	// checking says that a goroutine checks the history; see shared.doubt.
	checking atomic.Bool

	// What follows belongs to the goroutine that runs the inbox.

	timeline timeline
	noted    int64 // bytes of the timeline that shared.memory knows
	seats    []*Seat
	// waiters wait until the room has delivered a seq.
	waiters []waiter
	// filling says that a goroutine reads what is missing.
	filling bool
	hints   hints
	// reading is the read for a replay that is under way, or nil.
	reading *pageRead
	typing  typing
	// roster is nil if nobody wants to know who is here.
	roster *roster
}

// A Seat is a connection's place in a room.
type Seat struct {
	room    *room
	conn    Conn
	user    *user
	index   int           // in room.seats; belongs to the goroutine that runs the inbox
	gone    atomic.Bool   // left or was removed
	role    atomic.Uint32 // the membership.Role that the last check found
	checked atomic.Int64  // the stamp of the last check that found the membership
	asked   atomic.Int64  // the stamp of the last check that a post started, or 0

	// behind says that a replay is under way, which has come to the seq at. Until it ends
	// the seat gets no new messages. Both belong to the goroutine that runs the inbox.
	at     int64
	behind bool
	// watches says that the client wants to know who is here. It belongs to that goroutine too.
	watches bool
}

// A waiter waits until the room has delivered seq.
type waiter struct {
	seq  int64
	done chan struct{}
}

// A pageRead is one read of messages that replays need. All joins of a room that wait for it
// share it.
type pageRead struct {
	after    int64
	erasures int // of the timeline, before the read
	done     chan struct{}

	// What follows is set before done is closed.

	found stretch
	err   error
}

func newRoom(sh *shared, study store.StudyID) *room {
	r := &room{shared: sh, study: study}
	r.timeline.maxReplay = sh.opts.MaxReplay
	r.remembered.forget = func() { r.inbox.later(r.timeline.forget) }
	r.inbox.run, r.inbox.work = r.run, sh.work
	return r
}

// messageItems returns the items that deliver messages from the store or the bus.
func messageItems(msgs []store.Message) []item {
	items := make([]item, len(msgs))
	for i, m := range msgs {
		items[i].message = messageEvent(m)
	}
	return items
}

// run runs a batch of items. Messages that follow each other are delivered together,
// so that each connection gets them in one write. A panic costs no more than the item
// or the delivery in which it happens.
func (r *room) run(batch []item) (done int) {
	defer func() {
		if p := recover(); p != nil {
			r.shared.opts.Log.Error("room panicked", "study", r.study, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	for _, it := range batch {
		if it.message != nil {
			done++
			if seq := it.message.Message.Seq; it.message.From == nil && r.doubtful(seq) {
				r.hint(seq)
			} else if r.timeline.add(it.message) {
				r.fillGap(r.shared.opts.ReorderWait)
			} else if known, differs := r.contradicts(it.message); differs {
				r.shared.doubt(r, known)
			}
			continue
		}
		r.flush() // before the item counts as done: a panic here must not skip it
		done++
		it.do()
	}
	r.flush()
	if r.timeline.bytes() != r.noted {
		r.note()
	}
	return done
}

// An evidence is a message that a room has delivered: its seq and its time, which is zero if
// the room does not know it.
type evidence struct {
	seq    int64
	sentAt time.Time
}

// contradicts reports whether a message whose turn has been before shows that the store
// has another history than the room has delivered, and what the room knows instead.
func (r *room) contradicts(ev *Event) (known evidence, differs bool) {
	at, found, sure := r.timeline.find(ev.Message.Seq)
	switch {
	case found:
		return evidence{ev.Message.Seq, at}, !sameTime(at, ev.Message.SentAt)
	case sure: // it was gone before it came
		return evidence{}, false
	}
	return r.newest(), ev.From != nil && !ev.Message.Repeated // a new message has an old seq
}

// newest returns the newest message that the room has delivered.
func (r *room) newest() evidence {
	at, _, _ := r.timeline.find(r.timeline.head)
	return evidence{r.timeline.head, at}
}

// flush delivers the messages whose turn has come.
func (r *room) flush() {
	r.head.Store(r.timeline.head)
	out := r.timeline.out
	if len(out) == 0 {
		return
	}
	r.timeline.out = nil
	defer r.wake()
	batch := &Batch{Events: out}
	// The newest seat first: the user of the newest seat is the most likely to look at the
	// page now.
	for _, s := range slices.Backward(r.seats) {
		if !s.behind { // the replay will bring them
			s.conn.Deliver(batch)
		}
	}
	r.shared.stats.delivered.Add(int64(len(out) * len(r.seats)))
	forgetEncoded(out)
	for _, ev := range out {
		if !ev.posted.IsZero() {
			r.shared.stats.shown.add(time.Since(ev.posted))
		}
		if revises(&ev.Message) {
			r.shared.buffers.dirty()
		}
	}
	clear(out)
	r.timeline.out = out[:0]
}

// note notes how much the room remembers. If that is too much for all rooms together, those
// that were used least recently forget.
func (r *room) note() {
	bytes := r.timeline.bytes()
	r.noted = bytes
	if r.released.Load() {
		bytes = 0
	}
	r.shared.memory.use(&r.remembered, bytes)
}

// learn notes that the store has messages up to seq. After ReorderWait it reads those
// that the bus has not brought by then.
func (r *room) learn(seq int64) {
	r.timeline.learn(seq)
	r.fillGap(r.shared.opts.ReorderWait)
}

// hint makes the room ask the store whether there are messages up to seq.
func (r *room) hint(seq int64) {
	if seq > r.timeline.head && r.hints.add(seq) {
		r.shared.work.Go(func() { r.checkHint(seq) })
	}
}

// checkHint asks the store about a hint, and about those that come meanwhile.
func (r *room) checkHint(seq int64) {
	for seq > 0 {
		head, err := r.shared.headOf(r.study)
		r.inbox.call(func() {
			if err != nil { // a comparison of heads finds the messages later
				seq, r.hints.checked = 0, 0
				return
			}
			r.learn(head)
			seq = r.hints.answer(seq, head)
		})
	}
}

// doubtful reports whether a message of the bus with a seq ahead of its turn may be a wrong
// hint: it is too far ahead to be kept, or another was wrong a moment ago.
func (r *room) doubtful(seq int64) bool {
	return r.timeline.far(seq) || r.timeline.ready && seq > r.timeline.head+1 && r.hints.ignored()
}

// fillGap starts to read what is missing, unless a goroutine does already.
func (r *room) fillGap(wait time.Duration) {
	if r.timeline.incomplete() && !r.filling {
		r.filling = true
		r.shared.stats.gaps.Add(1)
		r.shared.work.Go(func() { r.shared.gaps.fill(r.study, gap{r}, wait) })
	}
}

// A gap is a room as its gapReader sees it.
type gap struct{ room *room }

func (g gap) next() (at place, missing bool) {
	r := g.room
	r.inbox.call(func() {
		at = place{r.timeline.head, r.timeline.erasures}
		missing = r.timeline.incomplete()
		r.filling = missing
	})
	return at, missing
}

func (g gap) take(at place, msgs []store.Message) (same bool) {
	r := g.room
	r.inbox.call(func() {
		same = true
		if r.timeline.erasures != at.erasures {
			return // some of msgs may be gone
		}
		if m := msgs[0]; m.Seq == at.head {
			if was, found, _ := r.timeline.find(m.Seq); found && !sameTime(was, m.SentAt) {
				same, r.filling = false, false
				r.shared.doubt(r, evidence{m.Seq, was})
				return
			}
		}
		r.timeline.read(msgs)
	})
	return same
}

func (g gap) skip(seq int64) {
	r := g.room
	r.inbox.do(func() {
		r.timeline.skip(seq)
		r.wake()
	})
}

func (g gap) giveUp() {
	g.room.inbox.do(func() {
		g.room.timeline.giveUp()
		g.room.filling = false
		g.room.hints.wrong()
	})
}

// reach waits until the room has delivered all messages up to seq.
func (r *room) reach(ctx context.Context, seq int64) error {
	done := make(chan struct{})
	r.inbox.do(func() {
		r.timeline.open(seq)
		r.waiters = append(r.waiters, waiter{seq, done})
		r.learn(seq)
		r.flush()
		r.wake()
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.shared.work.Context().Done():
		return ErrClosed
	}
}

// wake ends the wait of those whose seq has been delivered.
func (r *room) wake() {
	r.waiters = slices.DeleteFunc(r.waiters, func(w waiter) bool {
		if w.seq > r.timeline.head {
			return false
		}
		close(w.done)
		return true
	})
}
