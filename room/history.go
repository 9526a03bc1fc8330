package room

import (
	"context"
	"log/slog"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// A historian finds out whether the store still has the history that a room has
// delivered. It has another one after a dump was restored, or after a standby without the
// last messages took over.
type historian struct {
	shared *shared
	heads  *heads
	// room returns the room of a study, or nil.
	room func(store.StudyID) *room
	log  *slog.Logger
}

// delivered returns the newest seq that the room of a study has delivered, or 0 if there
// is no room.
func (h *historian) delivered(study store.StudyID) int64 {
	if r := h.room(study); r != nil {
		return r.head.Load()
	}
	return 0
}

// behind makes the room of a study begin anew, because the store has no more than seq.
func (h *historian) behind(study store.StudyID, seq int64) {
	if r := h.room(study); r != nil {
		h.begin(r, seq, func() bool { return r.timeline.head > seq })
	}
}

// doubt checks a room in the background, unless that is under way. It is called in the order
// of the room: what is delivered after that may be of another history.
func (h *historian) doubt(r *room, known evidence) {
	if r.checking.Swap(true) {
		return
	}
	at := place{r.timeline.head, r.timeline.erasures}
	h.shared.work.Go(func() {
		defer r.checking.Store(false)
		for failures := 0; ; failures++ {
			if h.check(r, at, known) == nil || !h.shared.work.Sleep(work.Backoff(failures)) {
				return
			}
		}
	})
}

// settle compares a room with the store, and waits until it has begun anew if it must.
func (h *historian) settle(r *room) error {
	var at place
	var known evidence
	r.inbox.call(func() { at, known = place{r.timeline.head, r.timeline.erasures}, r.newest() })
	err := h.check(r, at, known)
	r.inbox.call(func() {}) // it runs after what check has put into the inbox
	return err
}

// check compares with the store where a room was, and a message that it knew.
func (h *historian) check(r *room, at place, known evidence) error {
	same := func() bool { return r.timeline.erasures == at.erasures }
	head, low, err := h.newest(h.shared.work.Context(), r.study, at.head)
	if err != nil {
		return err
	}
	if low {
		h.begin(r, head, same)
		return nil
	}
	if known.sentAt.IsZero() {
		return nil
	}
	msgs, err := h.shared.entries(store.Query{StudyID: r.study, After: known.seq - 1, Before: known.seq + 1, Limit: 1})
	if err == nil && len(msgs) == 1 && !sameTime(msgs[0].SentAt, known.sentAt) {
		h.begin(r, head, same)
	}
	return err
}

// newest returns the newest seq of a study. low says that it is below seen, which somebody
// had seen before the call, in two answers: one may come from a server that is about to
// stop.
func (h *historian) newest(ctx context.Context, study store.StudyID, seen int64) (head int64, low bool, err error) {
	for range 2 {
		if head, err = h.heads.read(ctx, study); err != nil || head >= seen {
			return head, false, err
		}
	}
	return head, true, nil
}

// begin makes a room begin anew at head, if due still returns true in the order of the room:
// it may have begun anew meanwhile.
func (h *historian) begin(r *room, head int64, due func() bool) {
	r.inbox.later(func() {
		if !due() {
			return
		}
		h.log.Warn("the store has another history of a study than was delivered; its clients read it anew",
			"study", r.study, "delivered", r.timeline.head, "head", head)
		h.shared.stats.resets.Add(1)
		r.reset(head)
	})
}

// erase forgets the messages from first to last, or to the newest if last is 0, and tells
// the clients.
func (r *room) erase(first, last int64) {
	if first = max(first, 1); last == 0 {
		last = max(r.timeline.head, r.timeline.target)
	}
	r.timeline.erase(first, last)
	r.shared.buffers.dirty()
	// A range that begins after the newest message names none.
	if last = min(last, max(r.timeline.head, r.timeline.target)); first <= last {
		r.broadcast(&Event{Kind: Erased, StudyID: r.study, First: first, Last: last})
	}
}

// reset begins anew at head, which is the newest seq of another history, and tells the
// clients.
func (r *room) reset(head int64) {
	r.timeline.reset(head)
	for _, s := range r.seats {
		s.behind = false // what a replay would bring is of the other history
	}
	r.broadcast(&Event{Kind: Reset, StudyID: r.study, Seq: head})
	for _, w := range r.waiters {
		close(w.done) // what they wait for may never come
	}
	r.waiters = nil
}

// overflow compares with the store what the room has delivered last: messages of the bus were
// dropped, and the true ones may be among them.
func (r *room) overflow() {
	r.inbox.later(func() { r.shared.doubt(r, r.newest()) })
}
