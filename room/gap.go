package room

import (
	"context"
	"time"

	"github.com/coupchat/coup/store"
)

// A waiter waits until the room has delivered seq.
type waiter struct {
	seq  int64
	done chan struct{}
}

// learn notes that the study has come to seq, and has the store asked for what
// is missing after waiting a moment for it to come by itself.
func (r *room) learn(seq int64, wait time.Duration) {
	r.target = max(r.target, seq)
	if r.ready && r.head < r.target && !r.filling {
		r.filling = true
		r.reg.background(func() { r.fill(wait) })
	}
}

// wake lets go those whose seq has been delivered.
func (r *room) wake() {
	rest := r.waiters[:0]
	for _, w := range r.waiters {
		if w.seq <= r.head {
			close(w.done)
		} else {
			rest = append(rest, w)
		}
	}
	clear(r.waiters[len(rest):])
	r.waiters = rest
}

// reach waits until the room has delivered everything up to seq.
func (r *room) reach(ctx context.Context, seq int64) error {
	done := make(chan struct{})
	r.do(func() {
		r.open(seq)
		r.waiters = append(r.waiters, waiter{seq, done})
		r.learn(seq, r.reg.opts.ReorderWait) // it may be on its way
		r.flush()
		r.wake()
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.reg.life.Done():
		return ErrClosed
	}
}

// maxHoles is how often in a row the store may answer without the next message
// before it is believed that there is none.
const maxHoles = 5

// fill reads what lies between head and target from the store, and goes on
// until nothing is missing. There is at most one for a room.
func (r *room) fill(wait time.Duration) {
	failures, holes := 0, 0
	last := int64(-1)
	for r.reg.sleep(wait) {
		var after int64
		complete := false
		r.call(func() {
			after = r.head
			if complete = r.head >= r.target; complete {
				r.filling = false
			}
		})
		if complete {
			return
		}
		if after != last {
			failures, holes = 0, 0
		}
		last = after
		msgs, err := r.reg.history(store.Query{StudyID: r.study, After: after, Limit: store.MaxBatch})
		if err == nil && len(msgs) > 0 && msgs[0].Seq == after+1 {
			r.reg.stats.filled.Add(int64(len(msgs)))
			r.put(said(msgs)...)
			wait = 0
			continue
		}
		failures++
		wait = backoff(failures)
		if err != nil {
			continue
		}
		if holes++; holes < maxHoles {
			continue
		}
		if len(msgs) == 0 {
			break // there is no such message: somebody told us wrong
		}
		r.reg.opts.Log.Error("the store has a hole in the seqs of a study", "study", r.study, "after", after, "next", msgs[0].Seq)
		r.do(func() { r.head, r.recent = max(r.head, msgs[0].Seq-1), nil })
	}
	r.do(func() {
		r.target, r.ahead, r.filling = r.head, nil, false
	})
}

func said(msgs []store.Message) []work {
	ws := make([]work, len(msgs))
	for i, m := range msgs {
		ws[i].said = &Event{Kind: NewMessage, Message: m.Public()}
	}
	return ws
}

// backoff grows from 50 ms to 2 s.
func backoff(failures int) time.Duration {
	return min(25*time.Millisecond<<min(failures, 10), 2*time.Second)
}
