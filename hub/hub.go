// Package hub serves clients: it accepts their WebSocket connections, reads their
// requests, and sends them what happens in their rooms.
package hub

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/eio"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
)

// ErrClosed says that Shutdown has been called before.
var ErrClosed = errors.New("hub: draining or closed")

// requestTimeout bounds a request that waits for the Verifier or the rooms.
const requestTimeout = 10 * time.Second

// A Hub is an http.Handler that serves the WebSocket endpoint. Its methods may be
// called at the same time from any goroutine.
type Hub struct {
	opts   Options
	rooms  *room.Registry
	verify auth.Verifier
	local  auth.LocalVerifier // verify, if it is one
	poller *poll.Poller
	wheel  wheel
	counts counters
	native endpoint
	// work runs what a session must not wait for. Its timeout is that of a request.
	work *work.Group
	// strangers is how many connections have not authenticated, with those being accepted.
	strangers atomic.Int64
	// draining is set with mu held, so that no session is added after it.
	draining atomic.Bool

	mu        sync.Mutex // guards what follows
	sessions  sessionSet
	polls     map[eio.ID]*session // those that began with long-polling
	entering  int                 // connections that were admitted and are no sessions yet
	addresses map[string]int      // connections of each address, with MaxPerAddress only
	addressOf map[*session]string // likewise
	accepts   meter
	empty     chan struct{} // closed when the hub is draining and has no sessions
}

// New returns a hub over rooms. Without a Verifier no token is accepted: all users come by
// Options.Identify. The error names an argument or option that is missing or makes no sense.
func New(rooms *room.Registry, verify auth.Verifier, opts Options) (*Hub, error) {
	if rooms == nil {
		return nil, errors.New("hub: rooms are required")
	}
	if verify == nil {
		if opts.Identify == nil {
			return nil, errors.New("hub: a Verifier is required, or Options.Identify")
		}
		verify = auth.VerifierFunc(func(context.Context, string) (auth.Identity, error) { return auth.Identity{}, auth.ErrInvalid })
	}
	if err := opts.setDefaults(); err != nil {
		return nil, err
	}
	poller, err := poll.New(poll.Options{Goroutines: opts.Goroutines})
	if err != nil {
		return nil, err
	}
	h := &Hub{
		opts: opts, rooms: rooms, verify: verify, poller: poller, work: work.NewGroup(requestTimeout),
		polls:     map[eio.ID]*session{},
		addresses: map[string]int{}, addressOf: map[*session]string{},
		empty: make(chan struct{}),
	}
	h.local, _ = verify.(auth.LocalVerifier)
	h.native = endpoint{hub: h, dialect: native.Dialect{}}
	h.wheel.start()
	h.work.Go(func() { h.wheel.run(h.work.Context()) })
	if r, is := verify.(auth.Rechecker); is && h.opts.RecheckEvery > 0 {
		h.work.Go(func() { h.recheck(r) })
	}
	return h, nil
}

// add adds a session whose place is reserved, opens its stream with openStream, and sends first.
// It reports false if the hub is draining. A session that should not be there after all is closed.
func (h *Hub) add(s *session, addr string, first []byte, openStream func() poll.Stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entering--
	if h.draining.Load() { // since the handshake was answered
		if s.identity == nil {
			h.strangers.Add(-1)
		}
		return false
	}
	crowded := false
	if limit := h.opts.MaxPerAddress; limit > 0 {
		crowded = h.addresses[addr] >= limit
		h.addresses[addr]++
		h.addressOf[s] = addr
	}
	h.sessions.add(s)
	if id := s.sid(); id != (eio.ID{}) {
		h.polls[id] = s
	}
	h.counts.accepted.Add(1)
	var err error
	if s.identity != nil { // nobody else has the session yet
		err = h.rooms.Connect(s)
	}
	// The stream may call the session before openStream returns: it waits for mu.
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = openStream()
	if first != nil && err == nil {
		s.out.push(s, first)
	}
	switch {
	case crowded:
		s.closeLocked(ws.TooMany, "too many connections of one address")
	case err != nil:
		closeUnconnected(s, err)
	}
	h.wheel.put(s, 1)
	return true
}

// remove removes a session that has ended.
func (h *Hub) remove(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions.remove(s)
	if id := s.sid(); id != (eio.ID{}) {
		delete(h.polls, id)
	}
	if addr, ok := h.addressOf[s]; ok {
		delete(h.addressOf, s)
		if h.addresses[addr]--; h.addresses[addr] == 0 {
			delete(h.addresses, addr)
		}
	}
	if h.draining.Load() && len(h.sessions) == 0 {
		h.noteEmpty()
	}
}

// noteEmpty closes empty, once. The caller holds mu.
func (h *Hub) noteEmpty() {
	select {
	case <-h.empty:
	default:
		close(h.empty)
	}
}
