package room

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/batch"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

const (
	// markEvery is the least time between two marks of one user in one study that are stored.
	markEvery = time.Second
	// maxWaiting is how many requests may wait for one mark.
	maxWaiting = 100
	// maxMarks is how many marks may wait to be stored.
	maxMarks = 10_000
)

// marks stores how far users have read, many in one call, and reads it for joins.
type marks struct {
	store interface {
		MarkRead(context.Context, []store.ReadMark) error
		ReadStates(context.Context, []store.Membership) ([]store.ReadState, error)
	}
	work *work.Group
	// stored is called with the marks that were stored, in order of the memberships.
	stored func([]store.Membership, []store.ReadState)

	joins *batch.Collector[store.Membership, store.ReadState]
	wake  chan struct{}

	mu      sync.Mutex // guards what follows
	waiting map[store.Membership]*waitingMark
	last    map[store.Membership]time.Time // when one was stored, for markEvery
}

// A waitingMark is a mark that is not stored yet, and who wants to know when it is.
type waitingMark struct {
	seq   int64
	dones []func(store.ReadState, error)
}

// start makes the parts of m that New does not set.
func (m *marks) start() {
	m.joins = batch.New(batch.Options[store.Membership, store.ReadState]{
		Call: m.ask, Max: store.MaxBatch, Context: m.work.Context(), Go: m.work.Go,
	})
	m.wake = make(chan struct{}, 1)
	m.waiting, m.last = map[store.Membership]*waitingMark{}, map[store.Membership]time.Time{}
}

// ask is one call of the store.
func (m *marks) ask(parent context.Context, of []store.Membership) (map[store.Membership]store.ReadState, error) {
	ctx, cancel := m.work.Deadline(parent)
	defer cancel()
	states, err := m.store.ReadStates(ctx, of)
	if err != nil {
		return nil, err
	}
	found := make(map[store.Membership]store.ReadState, len(of))
	for i, s := range states[:min(len(states), len(of))] {
		found[of[i]] = s
	}
	return found, nil
}

// first returns how far a user has read in a study. One who has never been there has read
// everything up to head.
func (m *marks) first(ctx context.Context, of store.Membership, head int64) (store.ReadState, error) {
	s, _, err := m.joins.Get(ctx, of)
	if err == nil && !s.Marked {
		s = store.ReadState{Marked: true, Seq: head}
		err = m.add(of, head, func(store.ReadState, error) {})
	}
	return s, err
}

// add queues a mark. done is called once, unless add returns an error.
func (m *marks) add(of store.Membership, seq int64, done func(store.ReadState, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.waiting[of]
	switch {
	case w == nil && len(m.waiting) == maxMarks, w != nil && len(w.dones) == maxWaiting:
		return &RateError{RetryAfter: markEvery}
	case w == nil:
		w = &waitingMark{}
		m.waiting[of] = w
	}
	w.seq = max(w.seq, seq)
	w.dones = append(w.dones, done)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return nil
}

// run stores marks until the work group ends.
func (m *marks) run() {
	for {
		select {
		case <-m.work.Context().Done():
			for due := m.take(true); len(due) > 0; due = m.take(true) {
				m.flush(due)
			}
			return
		case <-m.wake:
		}
		for more := true; more; {
			due := m.take(false)
			m.flush(due)
			m.mu.Lock()
			more = len(m.waiting) > 0
			m.mu.Unlock()
			if more && len(due) < store.MaxBatch && !m.work.Sleep(50*time.Millisecond) {
				break
			}
		}
	}
}

// take takes a batch of marks that may be stored now, or of all.
func (m *marks) take(all bool) map[store.Membership]*waitingMark {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for of, at := range m.last {
		if now.Sub(at) >= markEvery {
			delete(m.last, of)
		}
	}
	due := map[store.Membership]*waitingMark{}
	for of, w := range m.waiting {
		if _, early := m.last[of]; early && !all {
			continue
		}
		if len(due) == store.MaxBatch {
			break
		}
		due[of] = w
		delete(m.waiting, of)
		m.last[of] = now
	}
	return due
}

// flush stores a batch and answers who waits for it.
func (m *marks) flush(due map[store.Membership]*waitingMark) {
	if len(due) == 0 {
		return
	}
	var of []store.Membership
	var batch []store.ReadMark
	for membership, w := range due {
		of = append(of, membership)
		batch = append(batch, store.ReadMark{StudyID: membership.StudyID, UserID: membership.UserID, Seq: w.seq})
	}
	states, err := m.write(of, batch)
	for i, membership := range of {
		var s store.ReadState
		if err == nil {
			s = states[i]
		}
		for _, done := range due[membership].dones {
			done(s, err)
		}
	}
	if err == nil {
		m.stored(of, states)
	}
}

func (m *marks) write(of []store.Membership, batch []store.ReadMark) ([]store.ReadState, error) {
	// Also when the hub ends: what was read must not be unread again.
	ctx, cancel := m.work.Deadline(context.WithoutCancel(m.work.Context()))
	defer cancel()
	if err := m.store.MarkRead(ctx, batch); err != nil {
		return nil, err
	}
	states, err := m.store.ReadStates(ctx, of)
	if err == nil && len(states) != len(of) {
		err = fmt.Errorf("%w: the store answered with %d of %d marks", store.ErrUnavailable, len(states), len(of))
	}
	return states, err
}
