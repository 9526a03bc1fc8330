package room

import (
	"time"

	"github.com/coupchat/coup/store"
)

// The bounds of "is typing": once in typingEvery for a user, maxTyping a second for a room, and not
// at all where there are more connections than typingSeats.
const (
	typingEvery = 2 * time.Second
	maxTyping   = 10
	typingSeats = 200
)

// typing bounds what a room says of those who type.
type typing struct {
	// last is when each user was passed on. Older than typingEvery are forgotten.
	last   map[store.UserID]time.Time
	second bucket
}

// allow reports whether the user may be passed on now.
func (t *typing) allow(user store.UserID, now time.Time) bool {
	for id, at := range t.last { // they are few: maxTyping a second for two seconds
		if now.Sub(at) >= typingEvery {
			delete(t.last, id)
		}
	}
	if _, shown := t.last[user]; shown || t.second.take(now, 1, pace{maxTyping, maxTyping}) != nil {
		return false
	}
	if t.last == nil {
		t.last = map[store.UserID]time.Time{}
	}
	t.last[user] = now
	return true
}
