package room

import (
	"context"

	"github.com/coupchat/coup/store"
)

// readRecent reads as many of the newest messages as a join replays, and keeps them in
// the timeline. When a hub has restarted and many clients reconnect at once, their
// joins share one read.
func (r *room) readRecent(ctx context.Context) error {
	var read *recentRead
	r.inbox.call(func() {
		if read = r.reading; read != nil {
			return
		}
		read = &recentRead{done: make(chan struct{})}
		r.reading = read
		if !r.shared.work.Go(func() { r.loadRecent(read) }) {
			r.reading, read.err = nil, ErrClosed
			close(read.done)
		}
	})
	select {
	case <-read.done:
		return read.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loadRecent makes the read.
func (r *room) loadRecent(read *recentRead) {
	msgs, err := r.shared.history(store.Query{StudyID: r.study, Newest: true, Limit: r.shared.opts.MaxReplay})
	r.inbox.do(func() {
		if err == nil {
			r.timeline.load(msgs)
		}
		r.reading, read.err = nil, err
		close(read.done)
	})
}
