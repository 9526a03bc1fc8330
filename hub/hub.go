// Package hub is the front door: it accepts WebSocket connections, speaks the
// native dialect with them, and brings what they say to the rooms.
package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
)

// Options say how a hub treats its connections. Zero values mean the defaults.
type Options struct {
	// Origins are the pages that may connect, as a browser names them:
	// "https://chat.example.org", with the port unless it is the scheme's own.
	// They are compared exactly. With none, only pages may whose host and port are
	// those of the request's Host header: a development server on a port of its own
	// must be listed. A client that is no browser sends no Origin and may always.
	Origins []string
	// AnyOrigin lets the pages of every site connect, with the tokens they have.
	AnyOrigin bool

	// AuthTimeout is how long a client has for its first authenticate, from when
	// it was accepted (see ConnContext). Defaults to 10s; -1 is for ever.
	AuthTimeout time.Duration
	// PingEvery is the gap between pings. Defaults to 25s; -1 disables them.
	PingEvery time.Duration
	// PongTimeout is how long a client may be silent, pings and all, before it is
	// taken for dead; it must be longer than PingEvery. Without pings it is for
	// clients that send some of their own. Defaults to 10s more than PingEvery, so
	// 35s, and without pings to for ever; -1 is for ever.
	PongTimeout time.Duration
	// CloseTimeout is how long a client has to answer a close frame. Defaults to
	// 2s; -1 waits for none.
	CloseTimeout time.Duration

	// WriteTimeout is how long a client with something to read may take none of it
	// before it is closed with 1013. Defaults to 5s; -1 is for ever.
	WriteTimeout time.Duration

	// MaxMessage is the longest message of a client, in bytes; a longer one closes
	// with 1009. Defaults to 64 KiB; -1 is no limit.
	MaxMessage int
	// MaxFrames is how many frames a message may be cut into; more close with
	// 1009. Defaults to 64; -1 is no limit.
	MaxFrames int
	// MaxQueue is how much may wait to be sent to one client, in bytes, when there is
	// more to send; a client that reads too slowly is closed with 1013 and recovers
	// with after. Defaults to 1 MiB; -1 is no limit.
	MaxQueue int
	// SendBuffer bounds what the system keeps for a client on top of that, in bytes
	// (SO_SNDBUF; Linux takes it twice, its own bookkeeping included). The system's
	// own bound is several megabytes: a client that has stopped reading would be
	// noticed late, and thousands of them would fill the memory. Defaults to 128
	// KiB; -1 leaves it to the system.
	SendBuffer int
	// MaxConnections is how many connections the hub takes; more are answered with
	// 503 and a Retry-After. Defaults to no limit but that of open files; set it
	// below that, so that the files which the rest of the process needs stay free.
	MaxConnections int
	// MaxAccepts is how many connections the hub takes in a second, and twice as many
	// in a burst; more are answered with 503 and a Retry-After, so that a herd does
	// not keep the hub from serving whom it has. Defaults to 1,000; -1 is no limit.
	MaxAccepts int
	// MaxPerAddress is how many connections one remote address may have; more are
	// closed with 4429. Defaults to no limit, since hubs sit behind proxies.
	MaxPerAddress int
	// MaxRooms is how many rooms one connection may join; joining more is a
	// bad_request. Defaults to 200; -1 is no limit.
	MaxRooms int
	// MaxRefused is how many refused requests, renewals of a token and control
	// frames a client may send before the connection is closed with 1008; ten are
	// forgiven every second, and what is unavailable does not count. Defaults to 100;
	// -1 is no limit.
	MaxRefused int

	// Goroutines serves every connection with a goroutine. By default, where the
	// system is Linux and the connection plain TCP, all wait in an epoll set, and an
	// idle one costs no goroutine and no buffer.
	Goroutines bool
	// ExcludeSender keeps a message from the connection that posted it, which
	// has its ack. Where the store's answer was lost or late, and the message was found
	// in the store before, the connection gets both.
	ExcludeSender bool
	// Log gets what goes wrong inside, and at the debug level one line when a
	// session ends. Defaults to slog.Default().
	Log *slog.Logger
}

func (o *Options) setDefaults() error {
	for _, origin := range o.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("hub: origin %q is not of the form https://host or https://host:port", origin)
		}
		if port := u.Port(); origin != strings.ToLower(origin) || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
			return fmt.Errorf("hub: origin %q would never match: browsers write it in lower case and without the scheme's own port", origin)
		}
	}
	o.AuthTimeout = cmp.Or(o.AuthTimeout, 10*time.Second)
	o.PingEvery = cmp.Or(o.PingEvery, 25*time.Second)
	switch {
	case o.PongTimeout == 0 && o.PingEvery < 0:
		o.PongTimeout = -1
	case o.PongTimeout == 0:
		o.PongTimeout = o.PingEvery + 10*time.Second
	case o.PongTimeout > 0 && o.PingEvery > 0 && seconds(o.PingEvery) >= seconds(o.PongTimeout):
		return fmt.Errorf("hub: a PongTimeout of %s would end every quiet connection before its ping, after %s", o.PongTimeout, o.PingEvery)
	}
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 5*time.Second)
	o.CloseTimeout = max(cmp.Or(o.CloseTimeout, 2*time.Second), 0)
	o.MaxMessage = cmp.Or(o.MaxMessage, 64<<10)
	o.MaxFrames = cmp.Or(o.MaxFrames, 64)
	o.MaxQueue = cmp.Or(o.MaxQueue, 1<<20)
	o.MaxAccepts = min(cmp.Or(o.MaxAccepts, 1000), math.MaxInt32/4)
	o.SendBuffer = cmp.Or(o.SendBuffer, 128<<10)
	o.MaxRooms = cmp.Or(o.MaxRooms, 200)
	o.MaxRefused = cmp.Or(o.MaxRefused, 100)
	o.Log = cmp.Or(o.Log, slog.Default())
	return nil
}

// A Hub is an http.Handler that serves the WebSocket endpoint. Its methods may be
// called at the same time from any goroutine.
type Hub struct {
	opts   Options
	rooms  *room.Registry
	verify auth.Verifier
	poller *poll.Poller
	// draining is set under mu, so that no session slips in behind it.
	draining atomic.Bool
	wheel    wheel
	counts   counters

	// life ends with Shutdown; it is the parent of requests under way.
	life context.Context
	end  context.CancelFunc
	wg   sync.WaitGroup

	mu        sync.Mutex // guards what follows
	sessions  map[*session]struct{}
	entering  int                 // admitted, and not among the sessions yet
	addresses map[string]int      // with MaxPerAddress only
	addressOf map[*session]string // likewise
	accepts   meter
	ended     bool
	empty     chan struct{} // closed once draining and without sessions
}

type counters struct {
	accepted, refused, slow, panics atomic.Int64
}

// New returns a hub over the rooms. The error names the option that makes no
// sense.
func New(rooms *room.Registry, verify auth.Verifier, opts Options) (*Hub, error) {
	if rooms == nil {
		return nil, errors.New("hub: rooms are required")
	}
	if verify == nil {
		return nil, errors.New("hub: a Verifier is required")
	}
	if err := opts.setDefaults(); err != nil {
		return nil, err
	}
	poller, err := poll.New(poll.Options{Goroutines: opts.Goroutines})
	if err != nil {
		return nil, err
	}
	h := &Hub{opts: opts, rooms: rooms, verify: verify, poller: poller,
		sessions: map[*session]struct{}{}, addresses: map[string]int{}, addressOf: map[*session]string{}, empty: make(chan struct{})}
	h.life, h.end = context.WithCancel(context.Background())
	h.wheel.start()
	h.wg.Go(func() { h.wheel.run(h.life) })
	return h, nil
}

// acceptedKey is where ConnContext keeps the time.
type acceptedKey struct{}

// ConnContext is for http.Server.ConnContext: it lets AuthTimeout count from when
// the connection was accepted, up to half of it for the handshake.
func ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, acceptedKey{}, time.Now())
}

// acceptedAt returns from when AuthTimeout counts for the connection of r. If other
// requests came over it before, as from a proxy that keeps its connections, it was
// accepted long ago: a client has half of AuthTimeout at least.
func (h *Hub) acceptedAt(r *http.Request) time.Time {
	now := time.Now()
	accepted, noted := r.Context().Value(acceptedKey{}).(time.Time)
	if !noted {
		return now
	}
	if half := h.opts.AuthTimeout / 2; now.Sub(accepted) > half {
		return now.Add(-half)
	}
	return accepted
}

// ServeHTTP upgrades a request to a WebSocket connection and returns; the
// connection lives on. Refusals are answered with 403 (origin), 503 (draining,
// full, too many at once) or another 4xx (no handshake).
//
// It takes the connection over from net/http. A ResponseWriter that middleware has
// wrapped must be a http.Hijacker or have Unwrap; else, as under
// http.TimeoutHandler, the answer is 500.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.Draining() {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the server is about to stop", http.StatusServiceUnavailable)
		return
	}
	if !h.originAllowed(r) {
		h.counts.refused.Add(1)
		http.Error(w, "this origin is not allowed", http.StatusForbidden)
		return
	}
	if why, retryAfter := h.admit(r); why != "" {
		h.counts.refused.Add(1)
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	conn, early, err := ws.Upgrade(w, r)
	if err != nil {
		h.counts.refused.Add(1)
		h.mu.Lock()
		h.entering--
		h.mu.Unlock()
		return
	}
	h.boundSendBuffer(conn)
	h.open(conn, early, h.acceptedAt(r))
}

// boundSendBuffer bounds what the system keeps for a client, where it is asked.
func (h *Hub) boundSendBuffer(conn net.Conn) {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	c, ok := conn.(interface{ SetWriteBuffer(bytes int) error })
	if !ok || h.opts.SendBuffer < 0 {
		return
	}
	if err := c.SetWriteBuffer(h.opts.SendBuffer); err != nil {
		h.opts.Log.Debug("send buffer not bounded", "err", err)
	}
}

// admit takes the place of a connection for a handshake, or says why there is none,
// and when to ask again.
func (h *Hub) admit(r *http.Request) (why, retryAfter string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit := h.opts.MaxConnections; limit > 0 && len(h.sessions)+h.entering >= limit {
		return "the server is full", "5"
	}
	if limit := h.opts.MaxAccepts; limit >= 0 && ws.IsHandshake(r) && !h.accepts.add(h.wheel.now(), limit, 2*limit) {
		return "too many clients come at once", "2"
	}
	h.entering++
	return "", ""
}

// open makes a session of an upgraded connection that was admitted.
func (h *Hub) open(conn net.Conn, early []byte, accepted time.Time) {
	s := &session{hub: h}
	s.seen.Store(h.wheel.now())
	s.authBy = never
	if h.opts.AuthTimeout > 0 {
		s.authBy = h.wheel.at(accepted.Add(h.opts.AuthTimeout))
	}
	s.nextPing = never
	if h.opts.PingEvery > 0 {
		s.nextPing = h.wheel.now() + seconds(h.opts.PingEvery)
	}
	h.mu.Lock()
	h.entering--
	if h.draining.Load() { // since its handshake was answered
		h.mu.Unlock()
		_ = conn.SetWriteDeadline(time.Now().Add(h.opts.CloseTimeout))
		_, _ = conn.Write(ws.CloseFrame(ws.GoingAway, "the server is about to stop"))
		conn.Close()
		return
	}
	crowded := false
	if limit := h.opts.MaxPerAddress; limit > 0 {
		addr := address(conn)
		crowded = h.addresses[addr] >= limit
		h.addresses[addr]++
		h.addressOf[s] = addr
	}
	h.sessions[s] = struct{}{}
	h.counts.accepted.Add(1)
	// The session cannot be used before its stream is set.
	s.mu.Lock()
	s.stream = h.poller.Open(conn, early, s)
	s.mu.Unlock()
	h.mu.Unlock()
	if crowded {
		s.close(ws.TooMany, "too many connections of one address")
	}
	h.wheel.put(s, 1)
}

func address(conn net.Conn) string {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return conn.RemoteAddr().String()
	}
	return host
}

// forget drops a session that has ended.
func (h *Hub) forget(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, s)
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

func (h *Hub) noteEmpty() {
	select {
	case <-h.empty:
	default:
		close(h.empty)
	}
}

// background runs fn on a goroutine that Shutdown waits for. It reports false,
// and does nothing, once the hub has ended.
func (h *Hub) background(fn func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.wg.Go(fn)
	}
	return !h.ended
}

// Stats are figures of a hub. The counts are since it was made.
type Stats struct {
	// Connections is how many there are now.
	Connections int
	// Accepted counts upgraded connections, Refused those turned away before.
	Accepted, Refused int64
	// Slow counts sessions closed because their client read too slowly.
	Slow int64
	// Panics counts sessions that ended in a bug.
	Panics int64
	// Room are the figures of the rooms behind the hub.
	Room room.Stats
}

func (h *Hub) connections() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sessions)
}

// Stats returns the figures of this moment.
func (h *Hub) Stats() Stats {
	c := &h.counts
	return Stats{h.connections(), c.accepted.Load(), c.refused.Load(), c.slow.Load(), c.panics.Load(), h.rooms.Stats()}
}
