package room

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/work"
)

// forgetAfter is how long after a deletion the store forgets. Whatever is deleted meanwhile waits for the
// same call.
const forgetAfter = 2 * time.Second

// buffers lets the store drop the buffers that may still hold what was deleted.
type buffers struct {
	forget func() error // of a store.Forgetter, or nil
	work   *work.Group
	log    *slog.Logger
	due    atomic.Bool
}

// dirty notes that something was edited, deleted or erased.
func (b *buffers) dirty() {
	if b.forget == nil || b.due.Swap(true) {
		return
	}
	b.work.Go(func() {
		if b.work.Sleep(forgetAfter) {
			b.due.Store(false)
			if err := b.forget(); err != nil {
				b.log.Error("the store has not dropped its buffers", "err", err)
			}
		}
	})
}
