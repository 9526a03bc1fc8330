package room

import (
	"context"
	"fmt"
	"time"

	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/internal/work"
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
	// Presence says that the connection wants to know who is in the room.
	Presence bool
	// Reads asks for what the user has read.
	Reads bool
	// Seat is the seat that the connection already has in this study, if any. It is
	// kept, unless it is Gone.
	Seat *Seat
	// Sent, if set, is called before each page of a replay but the first one. It waits until
	// the client has taken what was delivered before, so that no more than a page waits for a
	// slow one. If it returns an error the replay ends: the connection must be closed.
	Sent func() error
	// Later leaves the replay to Joined.CatchUp. Until that is called, the room delivers no
	// messages to the seat.
	Later bool
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
	// Read is what the user has read, if JoinRequest.Reads is set and the store knows it. A user who
	// was never here has read everything.
	Read *store.ReadState
	// Online are the users in the room, as far as this hub knows: at most 200 of OnlineCount. They
	// are set with JoinRequest.Presence. Other hubs tell theirs within 1 s.
	Online      []OnlineUser
	OnlineCount int
	// Replay holds the messages after JoinRequest.After, in order: all up to Seq, or as many as
	// are sent at once. Those that follow are delivered in batches with Batch.Replay, before
	// anything newer.
	Replay []*Event
	// CatchUp is set with JoinRequest.Later, if there is something to replay or may be. It
	// delivers what came after JoinRequest.After, in batches with Batch.Replay, and returns when
	// the seat has caught up with the room. An error says that the connection lacks messages,
	// and must be closed. Call it once, not from the function that got Joined.
	CatchUp func() error
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
	// checks is how often the room was compared with the store, because it has delivered more
	// than the store has.
	checks int
	// role is that of the user.
	role membership.Role
	// marked is what the user has read, or nil.
	marked *store.ReadState
	// want is the seq after which messages must be read next.
	want int64
	// read is what was read from the store before, and erasures those of the timeline then.
	read     stretch
	erasures int
	// rows is how many messages the next read may bring.
	rows int
	// at is how far the replay has come with Joined.Replay; 0 if there is none.
	at int64
	// seated is the seat after joined was called. more says that it was behind then.
	seated *Seat
	more   bool
}

// A read of a replay begins with minRows messages, which may be large. It brings more next
// time if these were small.
const minRows = 64

// maxReads is how often in a row a join reads from the store in vain.
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
	joinAgain                        // something has changed since it was checked: the membership, or the history
)

// run joins the room. It returns joinAgain if the membership must be checked again. If
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
		if err := j.readMore(ctx); err != nil {
			return 0, err
		}
	}
}

// seat seats the connection if it may join and the replay is complete.
func (j *joining) seat() joinResult {
	r := j.room
	if j.revoked != r.shared.members.Revocations(r.study) {
		return joinAgain
	}
	r.timeline.expire()
	out := Joined{Seq: r.timeline.head, Read: j.marked}
	out.SentAt, _, _ = r.timeline.find(out.Seq)
	switch {
	case !j.req.HasAfter:
	case j.newHistory:
		out.Reset = true
	case r.timeline.truncated(j.req.After):
		out.Truncated = true
	case !j.sameHistory(&out):
		return joinIncomplete
	case out.Reset:
	case j.req.Later:
		out.CatchUp = j.catchUp
	default:
		var ok bool
		if out.Replay, j.at, ok = r.timeline.kept.page(j.req.After, r.timeline.head, j.read); !ok {
			return joinIncomplete
		}
	}
	if out.Seat = j.req.Seat; out.Seat == nil || out.Seat.Gone() {
		out.Seat = r.seat(j.req.Conn, j.user)
	} else {
		r.shared.release(r) // the seat has a reference already
	}
	seat := out.Seat
	seat.checked.Store(r.shared.stamp())
	seat.role.Store(uint32(j.role))
	seat.behind, seat.at = j.at > 0 && j.at < r.timeline.head, j.at
	if out.CatchUp != nil {
		seat.behind, seat.at = true, j.req.After
	}
	j.seated, j.more = seat, seat.behind
	if j.req.Presence {
		out.Online, out.OnlineCount = r.watchedBy(seat)
	}
	j.joined(out)
	if seat.behind || j.at > 0 {
		forgetEncoded(out.Replay)
		j.user.limits.charge(r.shared.now(), float64(r.timeline.head-j.req.After)/replayCost)
		r.note()
	}
	return joinDone
}

// sameHistory sets Reset if the store has another message at After than the client knows. It
// reports false if that takes a read from the store.
func (j *joining) sameHistory(out *Joined) bool {
	t := &j.room.timeline
	j.checkRead()
	j.want = j.req.After
	if asked := j.req.AfterSentAt; !asked.IsZero() && j.req.After > 0 {
		at, found, known := t.find(j.req.After)
		if !known {
			at, found, known = j.read.find(j.req.After)
		}
		if !known {
			j.want--
			return false
		}
		out.Reset = found && !sameTime(at, asked)
	}
	return true
}

// checkRead drops what was read before the last erasure: some of it may be gone.
func (j *joining) checkRead() {
	if now := j.room.timeline.erasures; now != j.erasures {
		j.read, j.erasures = stretch{}, now
	}
}

// readMore reads what is missing after want.
func (j *joining) readMore(ctx context.Context) error {
	j.rows = max(j.rows, minRows)
	read, err := j.room.readPage(ctx, j.want, j.rows)
	if err != nil {
		return err
	}
	j.read, j.erasures = read.found, read.erasures
	if read.found.bytes() < pageBytes/2 {
		j.rows = min(4*j.rows, store.MaxBatch)
	}
	return nil
}

// catchUp delivers the rest of a replay, page by page, as the client takes it. With the last
// page the seat has caught up with the room.
func (j *joining) catchUp() error {
	for reads := 0; j.more; reads++ {
		if j.req.Sent != nil && j.req.Sent() != nil {
			return nil // the connection has ended
		}
		ok := false
		j.room.inbox.call(func() { ok = j.nextPage() })
		switch {
		case ok:
			reads = -1
			continue
		case reads == maxReads:
			return errReplay
		case reads > 0 && !j.room.shared.work.Sleep(work.Backoff(reads-1)):
			return ErrClosed
		}
		_ = j.readMore(j.room.shared.work.Context()) // the next round tries again
	}
	return nil
}

// nextPage delivers the next page. It reports false if it must be read first.
func (j *joining) nextPage() bool {
	t, s := &j.room.timeline, j.seated
	if j.more = s.behind && !s.Gone(); !j.more {
		return true
	}
	j.checkRead()
	events, to, ok := t.kept.page(s.at, t.head, j.read)
	if !ok {
		j.want = s.at
		return false
	}
	s.at, s.behind = to, to < t.head
	j.more = s.behind
	if len(events) > 0 {
		s.conn.Deliver(&Batch{Events: events, Replay: true})
		forgetEncoded(events)
	}
	j.room.note()
	return true
}
