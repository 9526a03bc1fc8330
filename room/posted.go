package room

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// maxTelling is how many entries may wait for Options.Posted.
const maxTelling = 10_000

// A teller calls Options.Posted, one entry after the other.
type teller struct {
	posted func(context.Context, store.Entry) // nil if nobody wants to know
	work   *work.Group
	log    *slog.Logger
	stats  *counters

	mu      sync.Mutex // guards what follows
	waiting []store.Entry
	running bool
}

// tell queues entries that were stored.
func (t *teller) tell(entries []store.Entry) {
	if t.posted == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range entries {
		switch {
		case entries[i].Repeated:
		case len(t.waiting) == maxTelling:
			t.stats.notTold.Add(1)
		default:
			t.waiting = append(t.waiting, entries[i])
		}
	}
	if !t.running && len(t.waiting) > 0 {
		t.running = t.work.Go(t.run)
	}
}

// run tells everything that waits.
func (t *teller) run() {
	for {
		t.mu.Lock()
		batch := t.waiting
		t.waiting, t.running = nil, len(batch) > 0
		t.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for i := range batch {
			t.call(batch[i])
		}
	}
}

func (t *teller) call(e store.Entry) {
	defer func() {
		if p := recover(); p != nil {
			t.log.Error("Posted panicked", "study", e.StudyID, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	t.posted(t.work.Context(), e)
}
