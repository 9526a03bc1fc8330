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
		h.begin(r, seq)
	}
}

// doubt checks a room in the background, unless that is under way.
func (h *historian) doubt(r *room) {
	if r.checking.Swap(true) {
		return
	}
	h.shared.work.Go(func() {
		defer r.checking.Store(false)
		for failures := 0; ; failures++ {
			if h.check(r) == nil || !h.shared.work.Sleep(work.Backoff(failures)) {
				return
			}
		}
	})
}

// check compares the newest message of a room with the store.
func (h *historian) check(r *room) error {
	var at place
	var last store.Message
	r.inbox.call(func() {
		at = place{r.timeline.head, r.timeline.erasures}
		last.SentAt, _, _ = r.timeline.find(at.head)
	})
	head, low, err := h.newest(h.shared.work.Context(), r.study, at.head)
	if err != nil {
		return err
	}
	if low {
		h.begin(r, head)
		return nil
	}
	if last.SentAt.IsZero() {
		return nil
	}
	msgs, err := h.shared.history(store.Query{StudyID: r.study, After: at.head - 1, Before: at.head + 1, Limit: 1})
	if err == nil && len(msgs) == 1 && !msgs[0].SentAt.Equal(last.SentAt) {
		h.begin(r, head)
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

// begin makes a room begin anew at head.
func (h *historian) begin(r *room, head int64) {
	r.inbox.later(func() {
		h.log.Warn("the store has another history of a study than was delivered; its clients read it anew",
			"study", r.study, "delivered", r.timeline.head, "head", head)
		h.shared.stats.resets.Add(1)
		r.reset(head)
	})
}
