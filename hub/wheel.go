package hub

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// never is later than every time of a wheel.
const never = int32(1<<31 - 1)

// slots is how many seconds a wheel looks ahead. A session that is due later is noted
// for the last of them, and noted again then.
const slots = 64

// maxLate is how many seconds a tick of the clock may be late. A later tick means that
// the process was suspended.
const maxLate = 5

// A wheel calls the tick of each session when it is due, to the second. A session costs
// no timer and no goroutine. Times of a wheel are seconds since its start, without
// those in which the process was suspended.
type wheel struct {
	epoch     time.Time
	clock     atomic.Int32 // the time, moved on by run
	suspended atomic.Int32 // seconds in which the process did not run

	mu sync.Mutex // guards noted and the due of each session
	// noted holds, at due%slots, the sessions that are due. A session that was noted
	// again for another second stays in the old place, and is ignored there.
	noted [slots][]*session
}

func (w *wheel) start() { w.epoch = time.Now() }

// now returns the time.
func (w *wheel) now() int32 { return w.clock.Load() }

// at converts a time, rounded up to the second.
func (w *wheel) at(t time.Time) int32 {
	s := (t.Sub(w.epoch)+time.Second-1)/time.Second - time.Duration(w.suspended.Load())
	return int32(min(max(s, 0), time.Duration(never)))
}

// seconds rounds a duration up.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// put makes s due after a number of seconds, at least one. It replaces an earlier due time.
func (w *wheel) put(s *session, in int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(s, w.due(in))
}

// sooner is put, unless s is already due before that.
func (w *wheel) sooner(s *session, in int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if due := w.due(in); s.due == 0 || due < s.due {
		w.note(s, due)
	}
}

// due returns the time after a number of seconds, as far ahead as the wheel looks.
func (w *wheel) due(in int32) int32 { return w.now() + min(max(in, 1), slots-1) }

// note notes s. The caller holds mu.
func (w *wheel) note(s *session, due int32) {
	if s.due != due {
		s.due = due
		w.noted[due%slots] = append(w.noted[due%slots], s)
	}
}

// run moves the clock on every second, until ctx is done.
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
	now := int32(t.Sub(w.epoch)/time.Second) - w.suspended.Load()
	if late := now - w.now(); late > maxLate {
		// The process was suspended and has read nothing. No client may count as lost
		// because of that: only one second has passed.
		w.suspended.Add(late - 1)
		now -= late - 1
	}
	for w.now() < now {
		w.turn(w.clock.Add(1))
	}
}

// turn calls the tick of the sessions that are due at now.
func (w *wheel) turn(now int32) {
	w.mu.Lock()
	noted := w.noted[now%slots]
	w.noted[now%slots] = nil
	due := noted[:0]
	for _, s := range noted {
		if s.due == now {
			s.due = 0
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
