package room

import (
	"errors"
	"fmt"

	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/store"
)

// maxReceipts is how many connections a room may have to tell them what the others have read.
const maxReceipts = 100

// liveRead is the type of what hubs tell each other of marks.
const liveRead = "read"

// A MarkRequest says how far a user has read in a study.
type MarkRequest struct {
	Conn    Conn
	StudyID store.StudyID
	// Seat is the seat of the connection in that study, if it has joined.
	Seat *Seat
	// Seq is the newest seq that the user has read.
	Seq int64
}

// MarkRead keeps how far a user has read. It returns at once. done is called once, after the mark
// is stored, with the state after it: a mark never goes back, and is never above the head of the
// study. Of several marks within a second only the highest is stored. done must not block. The
// error is ErrForbidden, a *RateError, or one that wraps errors.ErrUnsupported,
// store.ErrInvalid or store.ErrUnavailable.
//
// All connections of the user get an event ReadMarked, on every hub.
func (g *Registry) MarkRead(req MarkRequest, done func(store.ReadState, error)) {
	of := store.Membership{StudyID: req.StudyID, UserID: req.Conn.User()}
	switch {
	case !g.shared.store.keepsReads():
		done(store.ReadState{}, errors.ErrUnsupported)
	case !store.ValidID(of.StudyID):
		done(store.ReadState{}, fmt.Errorf("%w: studyId is not a valid id", store.ErrInvalid))
	case req.Seat != nil && !req.Seat.Gone():
		req.Seat.recheck()
		markRead(g, of, req.Seq, done)
	default:
		if err := g.users.get(of.UserID).limits.join(g.shared.now(), g.shared.opts.Rate); err != nil {
			done(store.ReadState{}, err)
			return
		}
		if !g.work.Go(func() {
			if _, err := g.shared.members.Check(g.work.Context(), of); err != nil {
				if !errors.Is(err, ErrForbidden) {
					err = unavailable(err)
				}
				done(store.ReadState{}, err)
				return
			}
			markRead(g, of, req.Seq, done)
		}) {
			done(store.ReadState{}, ErrClosed)
		}
	}
}

func markRead(g *Registry, of store.Membership, seq int64, done func(store.ReadState, error)) {
	err := g.marks.add(of, seq, func(s store.ReadState, err error) {
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			err = unavailable(err)
		}
		done(s, err)
	})
	if err != nil {
		done(store.ReadState{}, err)
	}
}

// marked tells the connections of the users, and where receipts are on those of the room.
func marked(g *Registry, of []store.Membership, states []store.ReadState) {
	l := relay.Live{Type: liveRead}
	for i, m := range of {
		l.Marks = append(l.Marks, relay.Mark{StudyID: m.StudyID, UserID: m.UserID, Seq: states[i].Seq, Unread: states[i].Unread})
	}
	hearMarks(g, l.Marks)
	g.relay.PublishLive("", l)
}

// hearMarks delivers marks that were stored here or on another hub.
func hearMarks(g *Registry, marks []relay.Mark) {
	for _, m := range marks {
		batch := &Batch{Events: []*Event{{Kind: ReadMarked, StudyID: m.StudyID, Live: &Live{UserID: m.UserID, Seq: m.Seq, Unread: m.Unread}}}}
		for _, c := range g.users.of(m.UserID) {
			c.Deliver(batch)
		}
		if r := g.lookup(m.StudyID); r != nil && g.shared.opts.Receipts {
			r.inbox.later(func() {
				if len(r.seats) <= maxReceipts {
					r.pass(ReadMarked, &Live{UserID: m.UserID, Seq: m.Seq, Unread: -1}, func(s *Seat) bool { return s.user.id != m.UserID })
				}
			})
		}
	}
}
