package hub

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// never is later than every time of a wheel.
const never = int32(1<<31 - 1)

// slots is how many seconds ahead a wheel can note a session. What is due later
// is noted as far ahead as there is, and looked at again then.
const slots = 64

// maxLate is how many seconds may pass at once before a wheel takes it that the
// process was stopped.
const maxLate = 5

// A wheel looks after the deadlines of all sessions, to the second: heartbeats,
// authentication, expiry, closing. A session costs it no timer and no goroutine.
type wheel struct {
	epoch time.Time
	clock atomic.Int32 // seconds since epoch but for slept, moved on by run
	slept atomic.Int32 // seconds during which the process did not run

	mu    sync.Mutex // guards slots and the slot of each session
	slots [slots][]*session
}

func (w *wheel) start() { w.epoch = time.Now() }

// now is the time in seconds since the wheel started.
func (w *wheel) now() int32 { return w.clock.Load() }

// at converts a time, rounded up to the second.
func (w *wheel) at(t time.Time) int32 {
	s := (t.Sub(w.epoch)+time.Second-1)/time.Second - time.Duration(w.slept.Load())
	return int32(min(max(s, 0), time.Duration(never)))
}

// seconds rounds a duration up.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// put has the session looked at in some seconds. A session is noted once: what
// was noted before no longer counts.
func (w *wheel) put(s *session, in int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(s, in)
}

// sooner is put that does not put off what is noted for an earlier second.
func (w *wheel) sooner(s *session, in int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.slot != 0 && (int32(s.slot-1)-w.now()%slots+slots)%slots <= ahead(in) {
		return
	}
	w.note(s, in)
}

// ahead is how many seconds ahead a session is noted that is due in some.
func ahead(in int32) int32 { return min(max(in, 1), slots-1) }

func (w *wheel) note(s *session, in int32) {
	slot := int8((w.now() + ahead(in)) % slots)
	if s.slot != slot+1 {
		s.slot = slot + 1 // 0 is none
		w.slots[slot] = append(w.slots[slot], s)
	}
}

// run looks at the sessions that are due, every second.
func (w *wheel) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-tick.C:
			w.advance(t)
		}
	}
}

// advance moves the clock on to t, second by second.
func (w *wheel) advance(t time.Time) {
	now := int32(t.Sub(w.epoch)/time.Second) - w.slept.Load()
	if late := now - w.now(); late > maxLate {
		// The process was stopped. Nobody could be heard meanwhile, so nobody is
		// to be taken for dead.
		w.slept.Add(late - 1)
		now -= late - 1
	}
	for w.now() < now {
		w.turn(w.clock.Add(1))
	}
}

func (w *wheel) turn(now int32) {
	slot := int8(now % slots)
	w.mu.Lock()
	noted := w.slots[slot]
	w.slots[slot] = nil
	due := noted[:0]
	for _, s := range noted {
		if s.slot == slot+1 {
			s.slot = 0
			due = append(due, s)
		}
	}
	w.mu.Unlock()
	for _, s := range due {
		if next := s.tick(now); next != never {
			w.sooner(s, next-now)
		}
	}
}
