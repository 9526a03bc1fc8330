package room

import (
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// maxEmpty is how often in a row the store may answer without a message that is said to
// exist, until it is believed not to have it.
const maxEmpty = 5

// A gapReader reads from the store the messages that the bus did not bring.
type gapReader struct {
	entries func(store.Query) ([]store.Entry, error)
	// head returns the newest seq of a study, from a question asked after the call.
	head   func(store.StudyID) (int64, error)
	work   *work.Group
	filled *atomic.Int64
}

// A place is where the messages of a room end.
type place struct {
	head     int64
	erasures int // of the timeline
}

// An incomplete is what a gapReader fills: a room. Its methods act in the order of the
// room.
type incomplete interface {
	// next returns the place after which a message is missing. It reports false if none
	// is; the filling then ends.
	next() (at place, missing bool)
	// take takes what the store has from the seq of at on. It reports false if that is
	// another history than that of the room; the filling then ends.
	take(at place, msgs []store.Message) bool
	// skip goes on after seq, because the store has no message up to there.
	skip(seq int64)
	// giveUp ends the filling although messages are missing.
	giveUp()
}

// fill reads what is missing in study after wait, and goes on until nothing is.
//
// Each read begins with the message that the room has already: so the room sees whether
// the store still has it. If the store has a later message, those before it are gone. If
// it has none, those up to its head are gone, provided that the head was asked for first.
func (g *gapReader) fill(study store.StudyID, in incomplete, wait time.Duration) {
	failures, empty, head, last := 0, 0, int64(0), int64(-1)
	for g.work.Sleep(wait) {
		at, missing := in.next()
		if !missing {
			return
		}
		if at.head != last { // the bus may bring messages while one that does not exist is looked for
			head, last = 0, at.head
		}
		msgs, err := g.entries(store.Query{StudyID: study, After: max(at.head-1, 0), Limit: store.MaxBatch})
		if n := len(msgs); err == nil && n > 0 && msgs[n-1].Seq > at.head {
			if msgs[0].Seq == at.head {
				n--
			}
			g.filled.Add(int64(n))
			failures, empty = 0, 0
			if !in.take(at, msgs) {
				return
			}
			wait = 0
			continue
		}
		if err == nil && head > at.head {
			in.skip(head)
			wait = 0
			continue
		}
		if err == nil {
			head, err = g.head(study)
		}
		if err == nil && head > at.head {
			wait = 0 // to read once more: something may have been stored meanwhile
			continue
		}
		failures++
		wait = work.Backoff(failures)
		if err == nil {
			if empty++; empty == maxEmpty {
				break // no such message exists: its seq was wrong
			}
		}
	}
	in.giveUp()
}
