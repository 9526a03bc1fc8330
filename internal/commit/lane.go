package commit

import (
	"context"
	"errors"
	"fmt"

	"github.com/coupchat/coup/store"
)

var (
	errNoAnswer  = fmt.Errorf("%w: the store does not answer", store.ErrUnavailable)
	errQueueFull = fmt.Errorf("%w: too many posts wait to be stored", store.ErrUnavailable)
	errEnded     = fmt.Errorf("%w: nothing is stored any more", store.ErrUnavailable)
)

// A lane stores one batch at a time. While one Append is under way the next batch
// collects, so a slow store gets large batches.
//
// A shared lane moves what it could not store to lanes of their studies. After a batch
// that was not stored within its budget, such a lane tries one batch at a time and refuses
// all posts meanwhile, until a batch is stored again. So a sender learns at once that the
// store does not answer.
type lane[From any] struct {
	all *Lanes[From]
	// study is whose lane this is, if alone is set.
	study store.StudyID
	alone bool

	// Lanes.mu guards what follows.

	queue   []Post[From]
	running bool            // a goroutine stores the queue
	failing bool            // the last batch was not stored
	trying  bool            // a batch is under way, or queued, that has no answer yet
	idle    []chan struct{} // closed when the queue is empty and nothing is under way
}

// add queues a post. The caller holds Lanes.mu.
func (l *lane[From]) add(p Post[From]) error {
	switch limit := l.all.opts.MaxQueue; {
	case l.failing && l.trying:
		return errNoAnswer
	case limit >= 0 && len(l.queue) >= limit:
		return errQueueFull
	case !l.running:
		if !l.all.opts.Work.Go(l.run) {
			return errEnded
		}
		l.running = true
	}
	l.trying = true
	l.queue = append(l.queue, p)
	return nil
}

// run stores batches until the queue is empty.
func (l *lane[From]) run() {
	for {
		batch, failing := l.next()
		if len(batch) == 0 {
			return
		}
		l.all.commit(l, batch, failing)
	}
}

// next takes the next batch from the queue. Without one, the lane is idle from then
// on.
func (l *lane[From]) next() (batch []Post[From], failing bool) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	n := batchSize(l.queue)
	batch = l.queue[:n:n]
	if l.queue = l.queue[n:]; len(l.queue) == 0 {
		l.queue = nil
	}
	l.trying = n > 0
	if n == 0 {
		l.running = false
		if l.alone && !l.failing {
			delete(l.all.own, l.study)
		}
		for _, c := range l.idle {
			close(c)
		}
		l.idle = nil
	}
	return batch, l.failing
}

// record records the result of a batch. It sends no answers. It must be called before they
// are sent: a caller of Add that has its answer may add another post at once, and that post
// must find the lane in its new state.
func (l *lane[From]) record(err error) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.failing, l.trying = errors.Is(err, store.ErrUnavailable), false
}

// wait returns when the lane has nothing to do.
func (l *lane[From]) wait(ctx context.Context) error {
	l.all.mu.Lock()
	if !l.running {
		l.all.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	l.idle = append(l.idle, c)
	l.all.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxBatchBytes bounds the entries of one batch, in bytes. A batch then fits into one request of
// the internal API even if every byte has to be escaped.
const maxBatchBytes = 512 << 10

// batchSize returns how many posts of a queue make the next batch.
func batchSize[From any](queue []Post[From]) int {
	n, size := 0, 0
	for n < len(queue) && n < store.MaxBatch && size < maxBatchBytes {
		size += queue[n].Message.Size()
		n++
	}
	return n
}
