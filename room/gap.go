package room

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// maxHoles is how often in a row the store may answer without the next message,
// until it is believed not to have that message.
const maxHoles = 5

// A gapReader reads from the store the messages that the bus did not bring.
type gapReader struct {
	history func(store.Query) ([]store.Message, error)
	work    *work.Group
	log     *slog.Logger
	filled  *atomic.Int64
}

// An incomplete is what a gapReader fills: a room. Its methods act in the order of the
// room.
type incomplete interface {
	// next returns the seq after which a message is missing. It reports false if none
	// is; the filling then ends.
	next() (after int64, missing bool)
	// add takes messages from the store, which begin with the missing one.
	add([]store.Message)
	// skip goes on after seq, because the store has no message up to there.
	skip(seq int64)
	// giveUp ends the filling although messages are missing.
	giveUp()
}

// fill reads what is missing in study after wait, and goes on until nothing is.
func (g *gapReader) fill(study store.StudyID, in incomplete, wait time.Duration) {
	failures, holes, last := 0, 0, int64(-1)
	for g.work.Sleep(wait) {
		after, missing := in.next()
		if !missing {
			return
		}
		if after != last {
			failures, holes, last = 0, 0, after
		}
		msgs, err := g.history(store.Query{StudyID: study, After: after, Limit: store.MaxBatch})
		if err == nil && len(msgs) > 0 && msgs[0].Seq == after+1 {
			g.filled.Add(int64(len(msgs)))
			in.add(msgs)
			wait = 0
			continue
		}
		failures++
		wait = work.Backoff(failures)
		if err != nil {
			continue
		}
		if holes++; holes < maxHoles {
			continue
		}
		if len(msgs) == 0 {
			break // no such message exists: its seq was wrong
		}
		g.log.Error("the store has a hole in the seqs of a study", "study", study, "after", after, "next", msgs[0].Seq)
		in.skip(msgs[0].Seq - 1)
	}
	in.giveUp()
}
