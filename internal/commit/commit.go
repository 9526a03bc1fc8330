// Package commit stores messages in batches.
package commit

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// An Appender is the part of a store.Store that stores messages.
type Appender interface {
	Append(ctx context.Context, msgs []store.Message) ([]store.Message, error)
}

// Options say how Lanes store messages. All fields are required.
type Options[From any] struct {
	Store Appender
	// Work runs the lanes. Its timeout is the deadline of one Append.
	Work *work.Group
	// Log gets a line for each batch that was not stored.
	Log *slog.Logger
	// Lanes is how many batches may be stored at the same time.
	Lanes int
	// MaxQueue is how many posts may wait in one lane. Below 0 there is no limit.
	MaxQueue int
	// Budget is how long a post is tried, counted from its Add. Below 0 it is tried
	// once.
	Budget time.Duration
	// Stored is called with the posts of a batch that got a seq and what the store made of
	// them, after the last Done of the batch. The next batch of the lane waits for it.
	Stored func(posts []Post[From], stored []store.Message)
}

// A Post is a message on its way into the store.
type Post[From any] struct {
	// Message is what to store. The lanes do not change it.
	Message *store.Entry
	// From is not used here. Stored gets it back.
	From From
	// Done is called once, with the stored entry, or with an error: store.Entry.Err, or one
	// that wraps store.ErrUnavailable or store.ErrInvalid. The seq of an entry that changed
	// nothing is 0. It must not block.
	Done func(store.Message, error)

	// Added is when Add got the post. Add sets it.
	Added time.Time
}

// Lanes store posts. All posts of one study go through one lane, which keeps their
// order. The methods may be called at the same time from any goroutine.
//
// A study whose posts are not stored at once, as when its row is locked, gets a lane of its
// own until one of its batches is stored: the other studies do not wait for it.
type Lanes[From any] struct {
	opts    Options[From]
	seed    maphash.Seed
	slots   chan struct{} // one for each Append of a lane of its own
	retries atomic.Int64

	mu    sync.Mutex // guards what follows and all lanes
	lanes []lane[From]
	own   map[store.StudyID]*lane[From]
}

// New returns Lanes without posts.
func New[From any](opts Options[From]) *Lanes[From] {
	l := &Lanes[From]{
		opts: opts, seed: maphash.MakeSeed(), lanes: make([]lane[From], opts.Lanes),
		slots: make(chan struct{}, 2*opts.Lanes), own: map[store.StudyID]*lane[From]{},
	}
	for i := range l.lanes {
		l.lanes[i].all = l
	}
	return l
}

// Add queues a post and returns at once. If it returns an error it does not call
// Done. The error wraps store.ErrUnavailable: the queue is full, the store does not
// answer, or the work group has ended.
func (l *Lanes[From]) Add(p Post[From]) error {
	p.Added = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if own := l.own[p.Message.StudyID]; own != nil {
		return own.add(p)
	}
	return l.lanes[maphash.String(l.seed, string(p.Message.StudyID))%uint64(len(l.lanes))].add(p)
}

// Flush waits until every post that Add took before has been answered, or until ctx
// is done.
func (l *Lanes[From]) Flush(ctx context.Context) error {
	for i := range l.lanes {
		if err := l.lanes[i].wait(ctx); err != nil {
			return err
		}
	}
	// After the shared lanes: posts move from those to the others only.
	l.mu.Lock()
	own := slices.Collect(maps.Values(l.own))
	l.mu.Unlock()
	for _, ln := range own {
		if err := ln.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Retries returns how many calls of Append repeated a call that had failed.
func (l *Lanes[From]) Retries() int64 { return l.retries.Load() }

// commit stores a batch of a lane, answers the senders, and then calls Stored.
// failing says that the lane could not store the batch before. It reports false if it has
// moved the posts to lanes of their own.
func (l *Lanes[From]) commit(ln *lane[From], batch []Post[From], failing bool) bool {
	msgs := make([]store.Message, len(batch))
	for i, p := range batch {
		msgs[i] = *p.Message
	}
	stored, err := l.append(ln, msgs, batch[0].Added, failing)
	if errors.Is(err, store.ErrInvalid) && len(batch) > 1 {
		// The store refuses at least one of the messages. The others must not fail with it.
		for i := range batch {
			if !l.commit(ln, batch[i:i+1], failing) {
				l.divide(ln, batch[i+1:])
				return false
			}
		}
		return true
	}
	if err != nil && !errors.Is(err, store.ErrInvalid) && !ln.alone && (l.opts.Budget >= 0 || ofSeveral(batch)) {
		l.divide(ln, batch)
		return false
	}
	if err != nil {
		l.opts.Log.Warn("messages not stored", "messages", len(batch), "err", err)
		err = withoutDetails(err)
		ln.record(err)
		for _, p := range batch {
			p.Done(store.Message{}, err)
		}
		return true
	}
	ln.record(nil)
	// All answers first: a sender must not wait for deliveries.
	for i, p := range batch {
		stored[i] = stored[i].Public()
		p.Done(stored[i], stored[i].Err)
	}
	l.opts.Stored(withSeq(batch, stored))
	return true
}

// withSeq leaves out the posts that the store answered without a seq: it refused them, or they
// changed nothing.
func withSeq[From any](batch []Post[From], stored []store.Entry) ([]Post[From], []store.Entry) {
	if !anyRefused(stored) {
		return batch, stored
	}
	var posts []Post[From]
	var entries []store.Entry
	for i, e := range stored {
		if e.Seq > 0 {
			posts, entries = append(posts, batch[i]), append(entries, e)
		}
	}
	return posts, entries
}

func anyRefused(stored []store.Entry) bool {
	for i := range stored {
		if stored[i].Seq == 0 {
			return true
		}
	}
	return false
}

// ofSeveral reports whether posts are of more than one study.
func ofSeveral[From any](posts []Post[From]) bool {
	return slices.ContainsFunc(posts, func(p Post[From]) bool { return p.Message.StudyID != posts[0].Message.StudyID })
}

// maxOwn is how many lanes of their own are kept without posts. Of more, those without posts
// are forgotten: their studies begin in a shared lane again.
const maxOwn = 10_000

// divide moves posts that a shared lane could not store, and what its queue has of the same
// studies, to lanes of their own.
func (l *Lanes[From]) divide(ln *lane[From], batch []Post[From]) {
	var refused []Post[From]
	l.mu.Lock()
	moved := map[store.StudyID][]Post[From]{}
	for _, p := range batch {
		moved[p.Message.StudyID] = append(moved[p.Message.StudyID], p)
	}
	ln.queue = slices.DeleteFunc(ln.queue, func(p Post[From]) bool {
		study := p.Message.StudyID
		_, moves := moved[study]
		if moves {
			moved[study] = append(moved[study], p)
		}
		return moves
	})
	if len(l.own) > maxOwn {
		maps.DeleteFunc(l.own, func(_ store.StudyID, own *lane[From]) bool { return !own.running })
	}
	for study, posts := range moved {
		if own := l.own[study]; own != nil { // made for an earlier part of the batch
			own.queue = append(own.queue, posts...)
			continue
		}
		own := &lane[From]{all: l, study: study, alone: true, queue: posts, running: true, trying: true}
		if !l.opts.Work.Go(own.run) {
			refused = append(refused, posts...)
			continue
		}
		l.own[study] = own
	}
	l.mu.Unlock()
	for _, p := range refused {
		p.Done(store.Message{}, errEnded)
	}
}

// withoutDetails returns what a client may know about a store that refused a
// message. The rest of the error may name tables or queries.
func withoutDetails(err error) error {
	for _, kind := range []error{store.ErrEmpty, store.ErrTooLarge, store.ErrInvalid} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return err
}

// minTry is the least time that one Append gets, whatever is left of the budget:
// with a slow store, posts may have used up their budget in the queue.
const minTry = 500 * time.Millisecond

// append stores msgs. It tries again until the time for them is spent, which began when the
// first message was added: a quarter of the budget in a shared lane, and the budget in a lane
// of its own. Client ids make a repeat harmless. Messages that queued behind a batch that
// failed, and have no budget left, are not tried.
func (l *Lanes[From]) append(ln *lane[From], msgs []store.Message, begin time.Time, failing bool) ([]store.Message, error) {
	budget := max(0, l.opts.Budget)
	if !ln.alone {
		budget /= 4
	}
	end := begin.Add(budget)
	if failing && l.opts.Budget >= 0 && time.Now().After(end) {
		return nil, errNoAnswer
	}
	if ln.alone {
		if !l.takeSlot(end) {
			return nil, errNoAnswer
		}
		defer func() { <-l.slots }()
	}
	for failures := 1; ; failures++ {
		ctx, cancel := l.try(end)
		stored, err := l.opts.Store.Append(ctx, msgs)
		cancel()
		if err == nil && len(stored) != len(msgs) {
			err = fmt.Errorf("the store answered with %d messages for %d", len(stored), len(msgs))
		}
		if err == nil || errors.Is(err, store.ErrInvalid) {
			return stored, err
		}
		wait := work.Backoff(failures)
		if time.Now().Add(wait).After(end) || !l.opts.Work.Sleep(wait) {
			return nil, unavailable(err)
		}
		l.retries.Add(1)
	}
}

// takeSlot waits until a lane of its own may call the store. It reports false if that takes
// until end.
func (l *Lanes[From]) takeSlot(end time.Time) bool {
	ctx := l.opts.Work.Context()
	if l.opts.Budget >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(minTry))
		defer cancel()
	}
	select {
	case l.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// try returns the context of one Append.
func (l *Lanes[From]) try(end time.Time) (context.Context, context.CancelFunc) {
	if l.opts.Budget < 0 {
		return l.opts.Work.Deadline(l.opts.Work.Context())
	}
	return l.opts.Work.Within(l.opts.Work.Context(), max(minTry, time.Until(end)))
}

// unavailable makes err wrap store.ErrUnavailable.
func unavailable(err error) error {
	if errors.Is(err, store.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
