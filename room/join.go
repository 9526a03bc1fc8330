package room

import (
	"context"
	"fmt"
	"time"

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
	// AfterSentAt is when the message at After was stored, as the client knows it. It is
	// zero if the client does not say.
	AfterSentAt time.Time
	// Seat is the seat that the connection already has in this study, if any. It is
	// kept, unless it is Gone.
	Seat *Seat
}

// Joined is the result of a join.
type Joined struct {
	Seat *Seat
	// Seq is the newest seq of the study at the moment of joining, and SentAt its time, or
	// zero if that is not at hand.
	Seq    int64
	SentAt time.Time
	// Truncated says that there are more later messages than Options.MaxReplay. None is
	// replayed then.
	Truncated bool
	// Reset says that the store has another history than the client has seen: After is above
	// its newest seq, or the message there has another time. None is replayed then. A message
	// that is gone shows nothing.
	Reset bool
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
	// newHistory says that the store has less than the client has seen.
	newHistory bool
	// want is the seq after which the replay must be complete, and at is the place of the
	// room when something was found missing.
	want int64
	at   place
	// read is what was read from the store for the replay after that.
	read stretch
}

// maxReads is how often a join reads from the store.
const maxReads = 5

// errReplay says that a room forgot messages faster than a join read them.
var errReplay = fmt.Errorf("%w: the replay could not be completed", store.ErrUnavailable)

// seen returns the newest seq that the client has.
func (j *joining) seen() int64 {
	if j.req.HasAfter {
		return j.req.After
	}
	return 0
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
		j.room.inbox.call(func() { result = j.seat() })
		switch {
		case result != joinIncomplete:
			return result, nil
		case reads == maxReads:
			return 0, errReplay
		}
		if err := j.readMissing(ctx, reads == 0); err != nil {
			return 0, err
		}
	}
}

// seat seats the connection if it may join and the replay is complete.
func (j *joining) seat() joinResult {
	r := j.room
	if j.revoked != r.shared.members.Revocations(r.study) {
		return joinRevoked
	}
	r.timeline.expire()
	out := Joined{Seq: r.timeline.head}
	out.SentAt, _, _ = r.timeline.find(out.Seq)
	switch {
	case !j.req.HasAfter:
	case j.newHistory:
		out.Reset = true
	case r.timeline.truncated(j.req.After):
		out.Truncated = true
	default:
		if !j.replay(&out) {
			return joinIncomplete
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

// replay sets Reset or Replay. It reports false if that takes a read from the store.
func (j *joining) replay(out *Joined) bool {
	t := &j.room.timeline
	if t.erasures != j.at.erasures {
		j.read = stretch{} // some of it may be gone
	}
	j.at, j.want = place{t.head, t.erasures}, j.req.After
	if asked := j.req.AfterSentAt; !asked.IsZero() && j.req.After > 0 {
		at, found, known := t.find(j.req.After)
		if !known {
			at, found, known = j.read.find(j.req.After)
		}
		if !known {
			j.want--
			return false
		}
		if out.Reset = found && !sameTime(at, asked); out.Reset {
			return true
		}
	}
	var complete bool
	out.Replay, complete = t.replay(j.req.After, j.read)
	return complete
}

// readMissing reads what the replay lacks: at first for everybody who joins now, then for
// this join.
func (j *joining) readMissing(ctx context.Context, first bool) (err error) {
	limit, lacks := 1, j.at.head-j.want
	if lacks > 1 { // the next joins may lack more
		limit = min(max(j.room.shared.opts.MaxReplay, 1), store.MaxBatch)
	}
	if first && lacks <= int64(limit) {
		return j.room.readRecent(ctx, limit)
	}
	j.read, err = j.readAll(ctx)
	return err
}

// readAll reads everything after want.
func (j *joining) readAll(ctx context.Context) (stretch, error) {
	read := stretch{after: j.want, to: j.at.head}
	for after := j.want; after < read.to; {
		q := store.Query{StudyID: j.room.study, After: after, Limit: store.MaxBatch}
		msgs, err := j.room.shared.historyFor(ctx, q)
		if err != nil {
			return stretch{}, err
		}
		for _, m := range msgs {
			read.events = append(read.events, messageEvent(m))
			after = m.Seq
		}
		if len(msgs) < q.Limit {
			break
		}
	}
	if n := len(read.events); n > 0 {
		read.to = max(read.to, read.events[n-1].Message.Seq)
	}
	return read, nil
}
