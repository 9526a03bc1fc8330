package room

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/batch"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// maxHeads is how many studies one call of Heads asks for.
const maxHeads = 1000

// heads asks the store for the newest seqs of studies, many in one call. Joins need
// the seq of one study. Rooms are compared when their subscription had a gap, and all
// rooms every few seconds: that finds the last message before a silence too.
type heads struct {
	store interface {
		Heads(context.Context, []store.StudyID) (map[store.StudyID]int64, error)
	}
	work *work.Group
	// rooms returns the studies that have rooms.
	rooms func() []store.StudyID
	// head returns the newest seq that a room has delivered, or 0 if there is no room.
	head func(store.StudyID) int64
	// found is called with what the store says about a study that is compared.
	found func(study store.StudyID, seq int64)
	// behind is called instead if two answers, the second of them seq, were below what the
	// room had delivered before the first was asked for.
	behind func(study store.StudyID, seq int64)

	joins *batch.Collector[store.StudyID, int64]
	wake  chan struct{}

	mu       sync.Mutex // guards doubtful
	doubtful map[store.StudyID]struct{}
}

// start makes the parts of h that New does not set.
func (h *heads) start() {
	h.joins = batch.New(batch.Options[store.StudyID, int64]{Call: h.ask, Max: maxHeads, Context: h.work.Context(), Go: h.work.Go})
	h.wake = make(chan struct{}, 1)
	h.doubtful = map[store.StudyID]struct{}{}
}

// read returns the newest seq of a study, from a call that began after read did.
func (h *heads) read(ctx context.Context, study store.StudyID) (int64, error) {
	seq, _, err := h.joins.Get(ctx, study)
	if errors.Is(err, batch.ErrEnded) {
		err = ErrClosed
	}
	return seq, err
}

// ask is one call of the store.
func (h *heads) ask(parent context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	ctx, cancel := h.work.Deadline(parent)
	defer cancel()
	return h.store.Heads(ctx, studies)
}

// check makes run compare a study soon. It does not wait.
func (h *heads) check(study store.StudyID) {
	h.mu.Lock()
	h.doubtful[study] = struct{}{}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// run compares rooms with the store until the work group ends: all of them every so
// often, or never if every is below 0, and those of check at once.
func (h *heads) run(every time.Duration) {
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	var retry <-chan time.Time
	failures := 0
	for {
		select {
		case <-h.work.Context().Done():
			return
		case <-tick:
			_ = h.compare(h.rooms()) // the next tick is the retry
			continue
		case <-h.wake:
		case <-retry:
		}
		if h.compareDoubtful() == nil {
			retry, failures = nil, 0
		} else {
			failures++
			retry = time.After(work.Backoff(failures - 1))
		}
	}
}

// compareDoubtful compares the studies of check. After an error they stay doubtful.
func (h *heads) compareDoubtful() error {
	h.mu.Lock()
	studies := h.doubtful
	h.doubtful = map[store.StudyID]struct{}{}
	h.mu.Unlock()
	err := h.compare(slices.Collect(maps.Keys(studies)))
	if err != nil {
		h.mu.Lock()
		maps.Copy(h.doubtful, studies)
		h.mu.Unlock()
	}
	return err
}

// compare asks the store for the heads of studies and calls found. It returns one of
// the errors of the store.
func (h *heads) compare(studies []store.StudyID) (failed error) {
	for part := range slices.Chunk(studies, maxHeads) {
		if err := h.comparePart(part); err != nil {
			failed = err
		}
	}
	return failed
}

// comparePart compares up to maxHeads studies. One low answer may come from a server
// that is about to stop, so it takes two.
func (h *heads) comparePart(studies []store.StudyID) error {
	before := make([]int64, len(studies))
	for i, study := range studies {
		before[i] = h.head(study)
	}
	seqs, err := h.ask(h.work.Context(), studies)
	if err != nil {
		return err
	}
	delivered := map[store.StudyID]int64{}
	var low []store.StudyID
	for i, study := range studies {
		if seq := seqs[study]; seq >= before[i] {
			h.found(study, seq)
			continue
		}
		delivered[study] = before[i]
		low = append(low, study)
	}
	if len(low) == 0 {
		return nil
	}
	if seqs, err = h.ask(h.work.Context(), low); err != nil {
		return err
	}
	for _, study := range low {
		if seq := seqs[study]; seq < delivered[study] {
			h.behind(study, seq)
		} else {
			h.found(study, seq)
		}
	}
	return nil
}
