package room

import (
	"context"

	"github.com/coupchat/coup/store"
)

// readRecent reads the newest messages, up to limit of them, and keeps them in the
// timeline. When a hub has restarted and many clients reconnect at once, their
// joins share one read.
func (r *room) readRecent(ctx context.Context, limit int) error {
	for {
		read := r.startRecent(limit)
		select {
		case <-read.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if read.err != nil || read.limit >= limit {
			return read.err
		}
	}
}

// startRecent returns the read that is under way, or starts one.
func (r *room) startRecent(limit int) (read *recentRead) {
	r.inbox.call(func() {
		if read = r.reading; read != nil {
			return
		}
		read = &recentRead{limit: limit, done: make(chan struct{})}
		r.reading = read
		at := place{r.timeline.head, r.timeline.erasures}
		if !r.shared.work.Go(func() { r.loadRecent(read, at) }) {
			r.reading, read.err = nil, ErrClosed
			close(read.done)
		}
	})
	return read
}

// loadRecent makes the read. at is the place of the room before it.
func (r *room) loadRecent(read *recentRead, at place) {
	msgs, err := r.shared.history(store.Query{StudyID: r.study, Newest: true, Limit: read.limit})
	found := stretch{to: at.head, events: make([]*Event, len(msgs))}
	for i, m := range msgs {
		found.events[i] = messageEvent(m)
	}
	if len(msgs) == read.limit {
		found.after = msgs[0].Seq - 1
	}
	r.inbox.do(func() {
		if err == nil && r.timeline.erasures == at.erasures {
			r.timeline.load(found)
		}
		r.reading, read.err = nil, err
		close(read.done)
	})
}
