package room

import (
	"context"
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// maxHeads is how many studies one call of Heads asks for.
const maxHeads = 1000

// headReader asks the store for the newest seqs of studies, many in one call:
// for joins, which need one now; for rooms whose subscription had a gap; and
// every few seconds for all rooms, so that the last message before a silence is
// found too.
type headReader struct {
	reg *Registry

	mu      sync.Mutex // guards asked, reading, dirty
	asked   map[store.StudyID][]chan headAnswer
	reading bool
	dirty   map[store.StudyID]struct{}
	wake    chan struct{}
}

type headAnswer struct {
	seq int64
	err error
}

// herdPause is how long a call of the store for n has the next one wait, while that
// collects: who comes alone is served at once, a herd in few calls.
func herdPause(n int) time.Duration {
	return min(time.Duration(n)*2*time.Millisecond, 100*time.Millisecond)
}

// read returns the newest seq of a study, from a call that began after read did.
// While one call is under way the next collects.
func (h *headReader) read(ctx context.Context, study store.StudyID) (int64, error) {
	answer := make(chan headAnswer, 1)
	h.mu.Lock()
	if h.asked == nil {
		h.asked = map[store.StudyID][]chan headAnswer{}
	}
	h.asked[study] = append(h.asked[study], answer)
	start := !h.reading
	h.reading = true
	h.mu.Unlock()
	if start && !h.reg.background(h.answer) {
		return 0, ErrClosed
	}
	select {
	case a := <-answer:
		return a.seq, a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-h.reg.life.Done():
		return 0, ErrClosed
	}
}

// answer serves reads until none is left.
func (h *headReader) answer() {
	for {
		h.mu.Lock()
		asked := h.asked
		h.asked = nil
		h.reading = len(asked) > 0
		h.mu.Unlock()
		if len(asked) == 0 {
			return
		}
		studies := make([]store.StudyID, 0, len(asked))
		joins := 0
		for study, waiting := range asked {
			studies = append(studies, study)
			joins += len(waiting)
		}
		h.each(studies, func(study store.StudyID, seq int64, err error) {
			for _, a := range asked[study] {
				a <- headAnswer{seq, err}
			}
		})
		h.reg.sleep(herdPause(joins))
	}
}

// each asks the store for the heads of studies in as few calls as there must be.
func (h *headReader) each(studies []store.StudyID, fn func(store.StudyID, int64, error)) {
	for len(studies) > 0 {
		n := min(len(studies), maxHeads)
		ctx, cancel := h.reg.deadline(h.reg.life)
		heads, err := h.reg.store.Heads(ctx, studies[:n])
		cancel()
		for _, study := range studies[:n] {
			fn(study, heads[study], err)
		}
		studies = studies[n:]
	}
}

// check has the room of a study compared with the store soon.
func (h *headReader) check(study store.StudyID) {
	h.mu.Lock()
	h.dirty[study] = struct{}{}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// run compares rooms with the store, and forgets what is not needed any more,
// until the registry ends.
func (h *headReader) run() {
	var tick <-chan time.Time
	if every := h.reg.opts.CheckHeads; every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	turn := time.NewTicker(max(h.reg.opts.MemberCache, time.Second))
	defer turn.Stop()
	var retry <-chan time.Time
	failures := 0
	for {
		select {
		case <-h.reg.life.Done():
			return
		case <-turn.C:
			h.reg.members.sweep(h.reg.now(), h.reg.opts.MemberCache/2)
			h.reg.users.sweep(h.reg.now(), &h.reg.opts)
		case <-h.wake:
			retry, failures = h.compareDirty(failures)
		case <-retry:
			retry, failures = h.compareDirty(failures)
		case <-tick:
			rooms := h.reg.all()
			studies := make([]store.StudyID, len(rooms))
			for i, r := range rooms {
				studies[i] = r.study
			}
			h.compare(studies)
		}
	}
}

// compareDirty compares the rooms that check was called for. What the store did not
// answer stays to be compared, when retry says so.
func (h *headReader) compareDirty(failures int) (retry <-chan time.Time, _ int) {
	studies := h.takeDirty()
	if h.compare(studies) == nil {
		return nil, 0
	}
	h.mu.Lock()
	for _, study := range studies {
		h.dirty[study] = struct{}{}
	}
	h.mu.Unlock()
	return time.After(backoff(failures)), failures + 1
}

func (h *headReader) takeDirty() []store.StudyID {
	h.mu.Lock()
	defer h.mu.Unlock()
	studies := make([]store.StudyID, 0, len(h.dirty))
	for study := range h.dirty {
		studies = append(studies, study)
	}
	clear(h.dirty)
	return studies
}

// compare has rooms learn what the store has. The error is one of the store's.
func (h *headReader) compare(studies []store.StudyID) (failed error) {
	h.each(studies, func(study store.StudyID, seq int64, err error) {
		if err != nil {
			failed = err
		} else if r := h.reg.lookup(study); r != nil {
			r.later(func() {
				r.trim()
				r.learn(seq, h.reg.opts.ReorderWait)
			})
		}
	})
	return failed
}
