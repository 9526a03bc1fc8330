package room

import (
	"context"

	"github.com/coupchat/coup/store"
)

// readPage reads what a replay needs next: up to rows messages after the seq after. It is one
// that is under way already, if there is one that begins at that seq or before it.
func (r *room) readPage(ctx context.Context, after int64, rows int) (*pageRead, error) {
	for {
		read := r.startPage(after, rows)
		select {
		case <-read.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if read.err != nil || read.after == after || read.found.covers(after) {
			return read, read.err
		}
	}
}

// startPage returns the read that is under way, or starts one.
func (r *room) startPage(after int64, rows int) (read *pageRead) {
	r.inbox.call(func() {
		if read = r.reading; read != nil {
			return
		}
		to := r.timeline.kept.missing(after)
		read = &pageRead{after: after, erasures: r.timeline.erasures, done: make(chan struct{})}
		if to <= after { // it has come meanwhile
			close(read.done)
			return
		}
		r.reading = read
		if !r.shared.work.Go(func() { r.runPage(read, to, rows) }) {
			r.reading, read.err = nil, ErrClosed
			close(read.done)
		}
	})
	return read
}

// runPage makes the read, of messages up to the seq to.
func (r *room) runPage(read *pageRead, to int64, rows int) {
	limit := int(min(int64(rows), to-read.after))
	msgs, err := r.shared.entries(store.Query{StudyID: r.study, After: read.after, Before: to + 1, Limit: limit})
	r.inbox.do(func() {
		r.reading, read.err = nil, err
		if err == nil && r.timeline.erasures == read.erasures {
			read.found = newStretch(read.after, to, msgs, limit)
			r.timeline.kept.load(read.found)
		}
		close(read.done)
	})
}
