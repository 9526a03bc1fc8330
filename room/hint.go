package room

import "time"

// ignoreHints is for how long a room takes no hints after a wrong one: a comparison of heads
// then finds what is true.
const ignoreHints = 3 * time.Second

// A hint says that a study has messages up to some seq. It comes over the bus and may be wrong, so
// the store is asked. Wrong hints must not make a hub ask again and again.
type hints struct {
	// checked is the newest seq that is being checked, or 0.
	checked int64
	// from is when hints count again.
	from time.Time
}

// wrong ignores hints for a while.
func (h *hints) wrong() { h.from = time.Now().Add(ignoreHints) }

// ignored reports whether a hint was wrong a moment ago.
func (h *hints) ignored() bool { return !h.from.IsZero() && time.Now().Before(h.from) }

// add notes a hint. It reports false if there is nothing to do: it is ignored, or its check is
// under way.
func (h *hints) add(seq int64) bool {
	if h.ignored() {
		return false
	}
	first := h.checked == 0
	h.checked = max(h.checked, seq)
	return first
}

// answer notes that the store has head where seq was asked for. It returns what to ask for next,
// or 0.
func (h *hints) answer(seq, head int64) (next int64) {
	if head >= seq && h.checked > head {
		return h.checked
	}
	if head < seq {
		h.wrong()
	}
	h.checked = 0
	return 0
}
