package room

import (
	"fmt"

	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/store"
)

// MaxSignal is the most bytes of Data, and maxSignalKind the most characters of Kind.
const (
	MaxSignal     = 16 << 10
	maxSignalKind = 64
)

// A SignalRequest is what a user sends to another user in the same room.
type SignalRequest struct {
	// UserName is the name of the sender.
	UserName string
	// To is who gets it: all connections of that user in the room, on every hub.
	To store.UserID
	// Kind is a word of the application, of 1 to 64 UTF-16 units, and Data a JSON value of at most
	// MaxSignal bytes.
	Kind string
	Data []byte
}

// Signal passes something on, for calls: offers, answers, candidates. It is not stored, and
// nothing tells whether the other user is there.
//
// The error is ErrNotJoined, ErrNotAllowed, a *RateError, or one that wraps store.ErrInvalid or
// store.ErrTooLarge.
func (s *Seat) Signal(q SignalRequest) error {
	switch {
	case s.Gone():
		return ErrNotJoined
	case !store.ValidID(q.To):
		return fmt.Errorf("%w: to is not a valid id", store.ErrInvalid)
	case q.Kind == "" || store.UTF16Len(q.Kind) > maxSignalKind:
		return fmt.Errorf("%w: kind must have 1 to %d characters", store.ErrInvalid, maxSignalKind)
	case len(q.Data) > MaxSignal:
		return store.ErrTooLarge
	case !s.may(ActSignal):
		return ErrNotAllowed
	}
	sh := s.room.shared
	if err := sh.rare.signal(s.user.id, sh.now(), sh.opts.Rate, len(q.Data)); err != nil {
		return err
	}
	s.recheck()
	r, l := s.room, &Live{UserID: s.user.id, UserName: q.UserName, Kind: q.Kind, Data: q.Data}
	r.inbox.do(func() {
		if !s.Gone() {
			r.signal(q.To, l)
			sh.tell(r.study, relay.Live{Type: liveSignal, UserID: l.UserID, UserName: l.UserName, To: q.To, Kind: l.Kind, Data: l.Data})
		}
	})
	return nil
}

// Typing tells the room that the user is writing. A client calls it again and again while one
// writes: what comes within 2 s is ignored, and so is everything in a room with over 200
// connections. It returns ErrNotJoined if the seat is Gone.
func (s *Seat) Typing(name string) error {
	if s.Gone() {
		return ErrNotJoined
	}
	s.recheck()
	r, user := s.room, s.user.id
	r.inbox.do(func() {
		if !s.Gone() && r.showTyping(user, name) {
			r.shared.tell(r.study, relay.Live{Type: liveTyping, UserID: user, UserName: name})
		}
	})
	return nil
}
