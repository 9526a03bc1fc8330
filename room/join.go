package room

import (
	"context"
	"math"

	"github.com/coupchat/coup/store"
)

// A JoinRequest says which connection joins which study.
type JoinRequest struct {
	Conn    Conn
	StudyID store.StudyID
	// After is the newest seq that the client has. If HasAfter is set, later messages
	// are replayed.
	After    int64
	HasAfter bool
	// Seat is the seat that the connection already has in this study, if any. It is
	// kept, unless it is Gone.
	Seat *Seat
}

// Joined is the result of a join.
type Joined struct {
	Seat *Seat
	// Seq is the newest seq of the study at the moment of joining.
	Seq int64
	// Truncated says that there are more later messages than Options.MaxReplay. None is
	// replayed then.
	Truncated bool
	// Replay holds the messages after JoinRequest.After up to Seq, in order.
	Replay []*Event
}

// A joining is one try of a user to join a room.
type joining struct {
	room *room
	req  JoinRequest
	user *user
	// revoked is the number of revocations before the membership was checked.
	revoked int64
	// joined is called with the result, in the order of the room.
	joined func(Joined)
	// read holds messages that were read from the store for the replay.
	read []*Event
}

// The results of joining.seat.
type joinResult int

const (
	joinDone       joinResult = iota // joined was called
	joinIncomplete                   // messages of the replay are missing
	joinRevoked                      // a membership was revoked since it was checked
)

// run joins the room. It returns joinRevoked if the membership must be checked again. If
// it returns joinDone, the seat has taken over the caller's reference to the room.
func (j *joining) run(ctx context.Context, newest int64) (joinResult, error) {
	if err := j.room.reach(ctx, newest); err != nil {
		return 0, err
	}
	for reads := 0; ; reads++ {
		var result joinResult
		// After maxHoles reads the replay goes without what the store does not have.
		j.room.inbox.call(func() { result = j.seat(reads < maxHoles) })
		if result != joinIncomplete {
			return result, nil
		}
		if err := j.readMissing(ctx, reads); err != nil {
			return 0, err
		}
	}
}

// seat seats the connection if it may join and the replay is complete. If complete is
// false, the replay may have holes.
func (j *joining) seat(complete bool) joinResult {
	r := j.room
	if j.revoked != r.shared.members.Revocations(r.study) {
		return joinRevoked
	}
	out := Joined{Seq: r.timeline.head}
	if j.req.HasAfter {
		if out.Truncated = r.timeline.truncated(j.req.After); !out.Truncated {
			var ok bool
			if out.Replay, ok = r.timeline.replay(j.req.After, j.read); !ok && complete {
				return joinIncomplete
			}
		}
	}
	if out.Seat = j.req.Seat; out.Seat == nil || out.Seat.Gone() {
		out.Seat = r.seat(j.req.Conn, j.user)
	} else {
		r.shared.release(r) // the seat has a reference already
	}
	out.Seat.checked.Store(r.shared.stamp())
	j.joined(out)
	return joinDone
}

// readMissing reads messages of the replay: at first for everybody who joins now, then
// for this join.
func (j *joining) readMissing(ctx context.Context, reads int) (err error) {
	limit := j.room.shared.opts.MaxReplay
	if reads == 0 && limit > 0 && limit <= store.MaxBatch {
		return j.room.readRecent(ctx)
	}
	j.read, err = j.readAfter(ctx, limit)
	return err
}

// readAfter reads up to limit+1 messages after JoinRequest.After, or all if limit is
// below 0.
func (j *joining) readAfter(ctx context.Context, limit int) ([]*Event, error) {
	if limit < 0 {
		limit = math.MaxInt - 1
	}
	var events []*Event
	after := j.req.After
	for want := limit + 1; want > 0; {
		q := store.Query{StudyID: j.room.study, After: after, Limit: min(want, store.MaxBatch)}
		msgs, err := j.room.shared.historyFor(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, m := range msgs {
			events = append(events, messageEvent(m))
			after = m.Seq
		}
		if len(msgs) < q.Limit {
			break
		}
		want -= len(msgs)
	}
	return events, nil
}
