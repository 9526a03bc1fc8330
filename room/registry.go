package room

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/coupchat/coup/internal/commit"
	"github.com/coupchat/coup/internal/presence"
	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// A Registry holds the rooms and the users of one hub. Its methods may be called at
// the same time from any goroutine.
type Registry struct {
	shared   shared
	users    users
	heads    heads
	history  historian
	presence *presence.Reporter
	relay    *relay.Relay
	listener listener
	confirm  confirmer
	present  presentRooms
	marks    marks
	teller   teller
	mentions mentioning
	work     *work.Group

	mu     sync.RWMutex // guards what follows and the refs of all rooms
	rooms  map[store.StudyID]*room
	closed bool // no new rooms and connections
}

// Connect registers a connection. Its user is online from then on. It returns
// ErrTooMany or ErrClosed.
func (g *Registry) Connect(c Conn) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return ErrClosed
	}
	return g.users.connect(c, g.shared.opts.MaxPerUser)
}

// Disconnect removes a connection that Connect has registered. After the last one of
// a user, this hub does not report the user as online any more. The seats of the
// connection are not given up: call Seat.Leave for each.
func (g *Registry) Disconnect(c Conn) { g.users.disconnect(c) }

// Join gives a connection a seat in the room of a study. It calls joined, which must not
// block, in the order of the room: before that call the room delivers nothing to the
// connection, and after it every message with a seq above Joined.Seq.
//
// The connection must be connected: limits are counted for each connected user.
//
// Messages of the replay that do not fit in Joined.Replay follow in pages, while Join waits:
// see JoinRequest.Sent.
//
// The error is ErrForbidden, a *RateError, or one that wraps store.ErrInvalid or
// store.ErrUnavailable. joined is not called then, except for an ErrUnavailable in the middle
// of a replay: the connection lacks messages then and must be closed.
func (g *Registry) Join(ctx context.Context, req JoinRequest, joined func(Joined)) error {
	if !store.ValidID(req.StudyID) {
		return fmt.Errorf("%w: studyId is not a valid id", store.ErrInvalid)
	}
	j := joining{req: req, user: g.users.get(req.Conn.User()), joined: joined}
	if err := j.user.limits.join(g.shared.now(), g.shared.opts.Rate); err != nil {
		return err
	}
	for {
		result, err := g.tryJoin(ctx, &j)
		switch {
		case errors.Is(err, ErrForbidden):
			return err
		case err != nil:
			return unavailable(err)
		case result != joinDone:
		case req.Later:
			return nil
		default:
			return j.catchUp()
		}
	}
}

// tryJoin checks the membership and joins the room.
func (g *Registry) tryJoin(ctx context.Context, j *joining) (joinResult, error) {
	study := j.req.StudyID
	j.revoked = g.shared.members.Revocations(study)
	var err error
	if j.role, err = g.shared.members.Check(ctx, store.Membership{StudyID: study, UserID: j.user.id}); err != nil {
		return 0, err
	}
	r, err := g.acquire(study)
	if err != nil {
		return 0, err
	}
	j.room = r
	newest, low, err := g.history.newest(ctx, study, max(r.head.Load(), j.seen()))
	var result joinResult
	switch {
	case err != nil:
	case low && newest < r.head.Load() && j.checks < maxReads:
		// The ack must have the seq of the store, and nothing that follows may be missing.
		j.checks++
		result, err = joinAgain, g.history.settle(r)
	default:
		j.newHistory = newest < j.seen()
		if j.req.Reads && g.shared.store.keepsReads() {
			if s, err := g.marks.first(ctx, store.Membership{StudyID: study, UserID: j.user.id}, newest); err == nil {
				j.marked = &s
			}
		}
		result, err = j.run(ctx, newest)
	}
	if err != nil || result != joinDone {
		g.release(r)
	}
	return result, err
}

// Flush waits until every post that was accepted before has been answered, or until
// ctx is done.
func (g *Registry) Flush(ctx context.Context) error { return g.shared.posts.Flush(ctx) }

// Close ends the registry and waits for everything that runs in the background. Before
// that, until ctx is done, it stores the posts under way, publishes what waits for the
// bus, and reports who has gone offline. Disconnect all connections before. A second
// Close returns ErrClosed.
func (g *Registry) Close(ctx context.Context) error {
	g.mu.Lock()
	again := g.closed
	g.closed = true
	g.mu.Unlock()
	if again {
		return ErrClosed
	}
	err := errors.Join(g.Flush(ctx), g.relay.Drain(ctx))
	err = errors.Join(err, g.presence.Flush(ctx))
	g.listener.close()
	for _, r := range g.all() {
		r.unsubscribe()
	}
	g.work.End()
	g.work.Wait()
	return err
}

// Ready returns nil while new clients can be served here. Otherwise the error wraps
// store.ErrUnavailable: the last renewal of the hub's lease failed, so nobody can join.
// Without the bus clients can be served: see Stats.BusReachable.
func (g *Registry) Ready() error {
	if !g.presence.Leased() {
		return fmt.Errorf("store: %w", store.ErrUnavailable)
	}
	return nil
}

// Stats returns the figures of this moment.
func (g *Registry) Stats() Stats {
	g.mu.RLock()
	rooms := len(g.rooms)
	g.mu.RUnlock()
	c := &g.shared.stats
	return Stats{
		Rooms:          rooms,
		Users:          g.users.count(),
		Posted:         c.posted.Load(),
		Delivered:      c.delivered.Load(),
		Gaps:           c.gaps.Load(),
		Filled:         c.filled.Load(),
		Resets:         c.resets.Load(),
		Retries:        g.shared.posts.Retries(),
		Unpublished:    g.relay.Unpublished(),
		Remembered:     g.shared.memory.total(),
		NotTold:        c.notTold.Load(),
		Malformed:      c.malformed.Load() + g.relay.Malformed(),
		Stored:         c.stored.histogram(),
		Shown:          c.shown.histogram(),
		BusReachable:   g.relay.BusErr() == nil,
		StoreReachable: g.presence.Leased(),
	}
}

// stored delivers messages that were stored to their rooms, and then publishes them.
// The messages of one room are delivered together.
func stored(g *Registry, posts []commit.Post[Conn], msgs []store.Message) {
	now := g.shared.now()
	var order []store.StudyID
	items := map[store.StudyID][]item{}
	for i := range msgs {
		m := &msgs[i]
		ofStudy := items[m.StudyID]
		if ofStudy == nil {
			order = append(order, m.StudyID)
		}
		items[m.StudyID] = append(ofStudy, item{message: &Event{Kind: NewMessage, Message: *m, From: posts[i].From, posted: posts[i].Added}})
		g.shared.stats.stored.add(now.Sub(posts[i].Added))
	}
	for _, study := range order {
		if r := g.lookup(study); r != nil {
			r.inbox.put(items[study]...)
		}
	}
	g.relay.Publish(msgs)
	g.shared.stats.posted.Add(int64(len(posts)))
	g.teller.tell(msgs)
	g.mentions.add(msgs)
}

// lookup returns the room of a study, or nil.
func (g *Registry) lookup(study store.StudyID) *room {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.rooms[study]
}

// acquire returns the room of a study, with a reference that release gives up. It
// makes the room if there is none.
func (g *Registry) acquire(study store.StudyID) (*room, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, ErrClosed
	}
	r := g.rooms[study]
	if r == nil {
		r = newRoom(&g.shared, study)
		// Subscribe does not wait for the network and does not call the handler on this
		// goroutine, so the lock may be held.
		if err := r.subscribe(g.relay, g.heads.check); err != nil {
			return nil, err
		}
		g.rooms[study] = r
	}
	r.refs++
	return r, nil
}

// release gives up a reference. A room without references is removed.
func (g *Registry) release(r *room) {
	g.mu.Lock()
	r.refs--
	last := r.refs == 0
	if last {
		delete(g.rooms, r.study)
		r.released.Store(true)
	}
	g.mu.Unlock()
	if last {
		r.unsubscribe()
		r.inbox.later(r.note)
	}
}

// all returns the rooms of this moment.
func (g *Registry) all() []*room {
	g.mu.RLock()
	defer g.mu.RUnlock()
	rooms := make([]*room, 0, len(g.rooms))
	for _, r := range g.rooms {
		rooms = append(rooms, r)
	}
	return rooms
}
