package room

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/coupchat/coup/store"
)

// A JoinRequest says who wants in, and from where.
type JoinRequest struct {
	Conn    Conn
	StudyID store.StudyID
	// After, if HasAfter, is the newest seq that the member has: later messages
	// are replayed.
	After    int64
	HasAfter bool
	// Seat is the member's seat if it already has one here; it keeps it.
	Seat *Seat
}

// Joined is the answer.
type Joined struct {
	Seat *Seat
	// Seq is the newest seq at the moment of joining.
	Seq int64
	// Truncated says that more is missing than is replayed; nothing is.
	Truncated bool
	// Replay is what the member asked to have again, in order.
	Replay []*Event
}

// Join seats a member. It calls joined, which must not block, in the room's
// order: before it nothing of the room is delivered to the member, after it
// everything with a seq above Joined.Seq.
//
// The member must be connected, see Connect: what a user may do is counted from
// there on.
//
// It returns ErrForbidden, ErrInvalid, a *RateError, or an error that wraps
// ErrUnavailable; joined is then not called.
func (g *Registry) Join(ctx context.Context, req JoinRequest, joined func(Joined)) error {
	if !store.ValidID(req.StudyID) {
		return fmt.Errorf("%w: studyId is not a valid id", store.ErrInvalid)
	}
	u := g.users.get(req.Conn.User())
	if err := u.mayJoin(g.now(), &g.opts); err != nil {
		return err
	}
	for {
		revoked := g.revocations(req.StudyID).Load()
		if err := g.member(ctx, req.StudyID, req.Conn.User()); err != nil {
			return err
		}
		r, err := g.acquire(req.StudyID)
		if err != nil {
			return err
		}
		again, err := r.join(ctx, req, u, revoked, joined)
		if err != nil {
			g.release(r)
			return unavailable(err)
		}
		if !again {
			return nil
		}
		g.release(r)
	}
}

// join seats a member that may join. again asks to begin anew, since a
// membership was revoked meanwhile. With neither, the seat has taken over the
// reference to the room.
func (r *room) join(ctx context.Context, req JoinRequest, u *user, revoked int64, joined func(Joined)) (again bool, err error) {
	newest, err := r.reg.heads.read(ctx, r.study)
	if err != nil {
		return false, err
	}
	if err := r.reach(ctx, newest); err != nil {
		return false, err
	}
	var replay []*Event
	reads := 0
	for seated := false; !seated && !again; {
		missing := false
		r.call(func() {
			if again = revoked != r.reg.revocations(r.study).Load(); again {
				return
			}
			var events []*Event
			truncated := req.HasAfter && r.reg.opts.MaxReplay >= 0 && r.head-req.After > int64(r.reg.opts.MaxReplay)
			if req.HasAfter && !truncated {
				events, missing = r.replay(req.After, replay)
				if missing && reads < maxHoles {
					return
				}
				missing = false // what the store has not by now it never will
			}
			seated = true
			joined(r.seat(req, u, Joined{Seq: r.head, Truncated: truncated, Replay: events}))
		})
		if missing {
			limit := r.reg.opts.MaxReplay
			if reads++; reads == 1 && limit > 0 && limit <= store.MaxBatch {
				err = r.prime(ctx)
			} else {
				replay, err = r.reg.read(ctx, r.study, req.After, limit)
			}
			if err != nil {
				return false, err
			}
		}
	}
	return again, nil
}

// replay puts together what came after seq: what was read from the store, and
// what was delivered since. missing says that there is a hole between the two.
func (r *room) replay(seq int64, read []*Event) (events []*Event, missing bool) {
	if recent, ok := r.since(seq); ok {
		return slices.Clone(recent), false
	}
	if len(read) == 0 {
		return nil, true
	}
	last := read[len(read)-1].Message.Seq
	recent, ok := r.since(last)
	if !ok {
		return read, true
	}
	for len(read) > 0 && read[len(read)-1].Message.Seq > r.head {
		read = read[:len(read)-1]
	}
	return append(read[:len(read):len(read)], recent...), false
}

// seat gives the member a seat, unless it has one.
func (r *room) seat(req JoinRequest, u *user, j Joined) Joined {
	j.Seat = req.Seat
	if j.Seat == nil || j.Seat.Gone() {
		j.Seat = &Seat{room: r, conn: req.Conn, user: u}
		r.add(j.Seat)
	} else {
		r.reg.release(r) // the seat holds a reference already
	}
	j.Seat.checked.Store(r.reg.stamp())
	return j
}

// read returns up to limit and one more messages after seq, all if limit is
// below 0.
func (g *Registry) read(ctx context.Context, study store.StudyID, after int64, limit int) ([]*Event, error) {
	if limit < 0 {
		limit = math.MaxInt - 1
	}
	var events []*Event
	for want := limit + 1; want > 0; {
		call, cancel := g.deadline(ctx)
		msgs, err := g.store.History(call, store.Query{StudyID: study, After: after, Limit: min(want, store.MaxBatch)})
		cancel()
		if err != nil {
			return nil, err
		}
		for _, m := range msgs {
			events = append(events, &Event{Kind: NewMessage, Message: m.Public()})
			after = m.Seq
		}
		if len(msgs) < min(want, store.MaxBatch) {
			break
		}
		want -= len(msgs)
	}
	return events, nil
}

// unavailable turns what a store or a clock said into an error for callers.
func unavailable(err error) error {
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrInvalid) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
