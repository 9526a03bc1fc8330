// Package room holds the rules of the house: who may join, what a post goes
// through, in which order messages are delivered, and how a hub that missed
// something catches up. It knows stores and buses, and no sockets.
package room

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// Options say what a registry works with. Zero values mean the defaults.
type Options struct {
	// Store keeps messages and presence. Required.
	Store store.Store
	// Members knows who may join what. Required.
	Members store.Members
	// Bus carries news between hubs and from the business server. Required.
	Bus bus.Bus
	// Alone says that no other hub is on the bus: posts are then not published.
	Alone bool
	// NodeID names this run of this hub. Defaults to a random name.
	NodeID store.NodeID
	// Prefix starts the names of the channels that hubs use among themselves.
	// Defaults to "coup:". All hubs of a deployment share it. It does not keep two
	// deployments on one Redis apart: NotificationsChannel and StudyEventsChannel have
	// no prefix, and Redis Pub/Sub knows no database numbers. Give each its own.
	Prefix string
	// Log gets what goes wrong in the background. Defaults to slog.Default().
	Log *slog.Logger

	// MaxPerUser is how many connections a user may have on this hub. Defaults
	// to 10; -1 is no limit.
	MaxPerUser int
	// Rate is how many messages a user may post in a second, on this hub, with
	// bursts of twice that. Defaults to 10; -1 is no limit. Joins are limited too, to
	// 10 a second with bursts of 200, unless Rate is -1.
	Rate float64
	// MaxReplay is how many missed messages a join replays. Defaults to 500; -1
	// is no limit.
	MaxReplay int
	// MaxQueue is how many posts may wait to be stored, in each of the lanes
	// that rooms are spread over. More are refused as ErrUnavailable. Defaults to
	// 4096; -1 is no limit.
	MaxQueue int
	// Lanes is how many batches of posts may be stored at the same time.
	// Defaults to 4.
	Lanes int

	// CheckHeads is the gap between comparisons of the rooms' newest seqs with
	// the store's. Defaults to 3s; -1 is never.
	CheckHeads time.Duration
	// ReorderWait is how long a message that came before its turn waits before
	// the store is asked for those between. Defaults to 50ms; -1 is not at all.
	ReorderWait time.Duration
	// StoreTimeout is the deadline of one call of the Store, of Members or of
	// the Bus. Defaults to 3s; -1 is none.
	StoreTimeout time.Duration
	// PostBudget is how long storing a post is tried before it is given up as
	// ErrUnavailable; a try that begins shortly before gets half a second longer.
	// Defaults to 4.5s, so that who posts to a store that is away is answered within
	// 5; -1 tries once.
	PostBudget time.Duration
	// MemberCache bounds how long somebody who was removed may stay without any news
	// of it. A join believes an answer that is at most half as old, and the
	// memberships of all who are connected are confirmed every half of it, a second at
	// least: in batches if Members is a store.BatchMembers, else about one user at a
	// time for as long as that takes. Defaults to 30s; -1 asks with every join and,
	// in the background, with every post, and confirms every 15s.
	MemberCache time.Duration
}

func (o *Options) setDefaults() error {
	switch {
	case o.Store == nil:
		return errors.New("room: a Store is required")
	case o.Members == nil:
		return errors.New("room: Members are required")
	case o.Bus == nil:
		return errors.New("room: a Bus is required")
	case o.NodeID != "" && !store.ValidID(o.NodeID):
		return fmt.Errorf("room: NodeID %q is not a valid id", o.NodeID)
	case o.Lanes < 0:
		return errors.New("room: Lanes must not be negative")
	case math.IsNaN(o.Rate):
		return errors.New("room: Rate must be a number")
	}
	o.NodeID = cmp.Or(o.NodeID, store.NodeID("hub-"+strings.ToLower(rand.Text())))
	o.Prefix = cmp.Or(o.Prefix, "coup:")
	o.Log = cmp.Or(o.Log, slog.Default())
	o.MaxPerUser = cmp.Or(o.MaxPerUser, 10)
	o.Rate = cmp.Or(o.Rate, 10)
	o.MaxReplay = cmp.Or(o.MaxReplay, 500)
	o.MaxQueue = cmp.Or(o.MaxQueue, 4096)
	o.Lanes = cmp.Or(o.Lanes, 4)
	o.CheckHeads = cmp.Or(o.CheckHeads, 3*time.Second)
	o.ReorderWait = cmp.Or(o.ReorderWait, 50*time.Millisecond)
	o.StoreTimeout = cmp.Or(o.StoreTimeout, 3*time.Second)
	o.PostBudget = cmp.Or(o.PostBudget, 4500*time.Millisecond)
	o.MemberCache = cmp.Or(o.MemberCache, 30*time.Second)
	return nil
}

// A Registry holds the rooms and the users of one hub. Its methods may be called
// at the same time from any goroutine.
type Registry struct {
	opts    Options
	begun   time.Time
	store   guarded
	stats   counters
	users   users
	members memberCache
	heads   headReader
	lanes   []lane
	wire    publisher
	online  reporter
	shown   seen
	deaf    atomic.Pointer[error] // what is wrong with the bus; nil: nothing
	revoked [64]atomic.Int64      // see revocations
	missed  chan struct{}         // says that news of kicks may have been missed
	subs    []bus.Subscription

	// life ends with Close; it is the parent of all work in the background.
	life context.Context
	end  context.CancelFunc
	wg   sync.WaitGroup

	mu     sync.RWMutex // guards rooms, closed, ended, and the refs of all rooms
	rooms  map[store.StudyID]*room
	closed bool // no new rooms and connections
	ended  bool // nothing new in the background
}

// New returns a registry that listens on the bus. The error names the option
// that is missing or makes no sense.
func New(opts Options) (*Registry, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, err
	}
	g := &Registry{opts: opts, begun: time.Now(), store: guarded{opts.Store, opts.Members}, rooms: map[store.StudyID]*room{}}
	g.life, g.end = context.WithCancel(context.Background())
	g.users.byID = map[store.UserID]*user{}
	g.heads.reg, g.wire.reg, g.online.reg = g, g, g
	g.online.init()
	g.missed = make(chan struct{}, 1)
	g.wire.wake = make(chan struct{}, 1)
	g.heads.dirty = map[store.StudyID]struct{}{}
	g.heads.wake = make(chan struct{}, 1)
	g.lanes = make([]lane, opts.Lanes)
	for i := range g.lanes {
		g.lanes[i].reg = g
	}
	if err := g.listen(); err != nil {
		g.end()
		return nil, err
	}
	g.wg.Go(g.heads.run)
	g.wg.Go(g.online.run)
	g.wg.Go(g.wire.run)
	g.wg.Go(g.watch)
	g.wg.Go(g.confirm)
	return g, nil
}

// Flush waits until every post that was accepted has been answered, or ctx is
// done.
func (g *Registry) Flush(ctx context.Context) error {
	for i := range g.lanes {
		if err := g.lanes[i].wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the registry: posts under way are stored or given up, presence is
// released, what waits to be published is published, within ctx. It waits for
// everything that runs in the background. Members should have left before.
func (g *Registry) Close(ctx context.Context) error {
	g.mu.Lock()
	again := g.closed
	g.closed = true
	g.mu.Unlock()
	if again {
		return ErrClosed
	}
	err := errors.Join(g.Flush(ctx), g.wire.drain(ctx))
	err = errors.Join(err, g.online.flushAll(ctx))
	for _, sub := range g.subs {
		sub.Close()
	}
	for _, r := range g.all() {
		r.sub.Close()
	}
	g.end()
	g.mu.Lock()
	g.ended = true
	g.mu.Unlock()
	g.wg.Wait()
	return err
}

// background runs fn on a goroutine that Close waits for. It reports false, and
// does nothing, once the registry has ended.
func (g *Registry) background(fn func()) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.ended {
		g.wg.Go(fn)
	}
	return !g.ended
}

func (g *Registry) now() time.Time { return time.Now() }

// stamp is the time that fits into an atomic.Int64, in nanoseconds, and never 0. It
// goes by the monotonic clock: what is newer has the larger stamp, also if somebody
// sets the wall clock back.
func (g *Registry) stamp() int64 { return int64(time.Since(g.begun)) + 1 }

// deadline bounds one call that leaves the process.
func (g *Registry) deadline(parent context.Context) (context.Context, context.CancelFunc) {
	if g.opts.StoreTimeout < 0 {
		return context.WithCancel(parent)
	}
	return context.WithTimeout(parent, g.opts.StoreTimeout)
}

// sleep waits, and reports false when the registry ends first.
func (g *Registry) sleep(d time.Duration) bool {
	if d <= 0 {
		return g.life.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-g.life.Done():
		return false
	}
}

func (g *Registry) history(q store.Query) ([]store.Message, error) {
	ctx, cancel := g.deadline(g.life)
	defer cancel()
	return g.store.History(ctx, q)
}

// lookup returns the room of a study if it has members here.
func (g *Registry) lookup(study store.StudyID) *room {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.rooms[study]
}

// acquire returns the room of a study, opened if need be, and holds it open
// until release.
func (g *Registry) acquire(study store.StudyID) (*room, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, unavailable(ErrClosed)
	}
	r := g.rooms[study]
	if r == nil {
		r = &room{reg: g, study: study}
		// Subscribing does not wait for the network and calls no handler, so it
		// may be done under the lock.
		sub, err := g.opts.Bus.Subscribe(g.channel(study), bus.Handler{
			Message: r.news,
			Gap:     func() { g.heads.check(study) },
		})
		if err != nil {
			return nil, unavailable(err)
		}
		r.sub = sub
		g.rooms[study] = r
	}
	r.refs++
	return r, nil
}

// release gives up one hold on a room. A room that nobody holds is forgotten.
func (g *Registry) release(r *room) {
	g.mu.Lock()
	r.refs--
	last := r.refs == 0
	if last {
		delete(g.rooms, r.study)
	}
	g.mu.Unlock()
	if last {
		r.sub.Close()
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
