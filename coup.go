package coup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Everyone makes every authenticated user a member of every study. It is for demos and
// load tests. New requires Members, so that nobody lets everyone in by mistake.
var Everyone store.Members = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
	return "member", nil
})

// Options configure a Server. Store, Members and Verifier are required. Everything else
// has a default that is meant for production.
type Options struct {
	// Store keeps messages and presence: postgres.Open, sqlite.Open, store.NewMemory, a
	// rest.Client, or your own.
	Store store.Store
	// Members answers who may join which study. A rest.Client is one.
	Members store.Members
	// Verifier checks the tokens of clients: jwt.New, or your own.
	Verifier auth.Verifier
	// Bus connects hubs with each other and with the application: redis.New, or a
	// bus.NewMemory that the hubs of one process share. Without one, this server is the
	// only hub, and Publisher reaches only its clients. If another process uses the same
	// store, each gets the other's messages up to room.Options.CheckHeads (3 s) late, and
	// no kicks and notifications of the other.
	Bus bus.Bus

	// Origins are the pages that may connect, see hub.Options. If there are none, only
	// pages of the same host and port may.
	Origins []string
	// Rate is how many messages a user may post a second, with bursts of twice as many.
	// Defaults to Room.Rate, whose default is 10; to set both is an error. -1 is no limit. It also turns off the
	// limits on connections of one user (Room.MaxPerUser), on refused requests
	// (Hub.MaxRefused) and on new connections (Hub.MaxAccepts), unless those are set.
	Rate float64
	// May, BeforePost and Posted are those of Room: what members may do by their role (by default
	// room.MayByDefault), what is looked at before it is stored, and what is told after that. Set them
	// here or there.
	May        func(role string, do room.Action) bool
	BeforePost func(ctx context.Context, d *room.Draft) error
	Posted     func(ctx context.Context, e store.Entry)
	// Log gets what goes wrong. Defaults to slog.Default().
	Log *slog.Logger

	// Room and Hub hold the finer options. New sets some of them from the options above:
	// it is an error to set Room.Store, Room.Members, Room.Bus, Room.Alone, Room.Log,
	// Hub.Log or Hub.Origins.
	Room room.Options
	Hub  hub.Options
}

// check returns an error for an option that is missing, or that New would overwrite.
func (o *Options) check() error {
	switch {
	case o.Store == nil:
		return errors.New("coup: Options.Store is required (store.NewMemory() for a try)")
	case o.Members == nil:
		return errors.New("coup: Options.Members is required (coup.Everyone lets every user into every study)")
	case o.Verifier == nil && o.Hub.Identify == nil:
		return errors.New("coup: Options.Verifier is required, or Options.Hub.Identify")
	case o.Room.Store != nil:
		return errors.New("coup: set Options.Store, not Options.Room.Store")
	case o.Room.Members != nil:
		return errors.New("coup: set Options.Members, not Options.Room.Members")
	case o.Room.Bus != nil:
		return errors.New("coup: set Options.Bus, not Options.Room.Bus")
	case o.Room.Alone:
		return errors.New("coup: leave Options.Bus empty, do not set Options.Room.Alone")
	case o.Room.Log != nil:
		return errors.New("coup: set Options.Log, not Options.Room.Log")
	case o.Rate != 0 && o.Room.Rate != 0:
		return errors.New("coup: set Options.Rate or Options.Room.Rate, not both")
	case o.May != nil && o.Room.May != nil, o.BeforePost != nil && o.Room.BeforePost != nil, o.Posted != nil && o.Room.Posted != nil:
		return errors.New("coup: set May, BeforePost and Posted in Options or in Options.Room, not in both")
	case o.Hub.Log != nil:
		return errors.New("coup: set Options.Log, not Options.Hub.Log")
	case o.Hub.Origins != nil:
		return errors.New("coup: set Options.Origins, not Options.Hub.Origins")
	}
	return nil
}

// A Server is a hub with its rooms, over a store and a bus. It is an http.Handler for
// the WebSocket endpoint. Its methods may be called at the same time from any
// goroutine.
type Server struct {
	hub   *hub.Hub
	rooms *room.Registry
	bus   bus.Bus
	store store.Store
	own   *bus.Memory // the bus that New made, or nil

	shutdown sync.Once
	err      error // of Shutdown
}

// New returns a Server at work, which Shutdown ends. The error names the option that is
// missing or makes no sense.
func New(opts Options) (*Server, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	s := &Server{bus: opts.Bus, store: opts.Store}
	r, h := opts.Room, opts.Hub
	r.Store, r.Members, r.Log, h.Log = opts.Store, opts.Members, opts.Log, opts.Log
	h.Origins = opts.Origins
	r.Rate = cmp.Or(opts.Rate, r.Rate)
	if opts.May != nil {
		r.May = opts.May
	}
	if opts.BeforePost != nil {
		r.BeforePost = opts.BeforePost
	}
	if opts.Posted != nil {
		r.Posted = opts.Posted
	}
	if r.Rate < 0 {
		r.MaxPerUser, h.MaxRefused, h.MaxAccepts = cmp.Or(r.MaxPerUser, -1), cmp.Or(h.MaxRefused, -1), cmp.Or(h.MaxAccepts, -1)
	}
	if s.bus == nil {
		s.own = bus.NewMemory()
		s.bus, r.Alone = s.own, true
	}
	r.Bus = s.bus
	var err error
	if s.rooms, err = room.New(r); err != nil {
		return nil, fmt.Errorf("coup: %w", err)
	}
	if s.hub, err = hub.New(s.rooms, opts.Verifier, h); err != nil {
		return nil, errors.Join(fmt.Errorf("coup: %w", err), s.rooms.Close(context.Background()))
	}
	return s, nil
}

// ServeHTTP is the WebSocket endpoint. Serve it with an http.Server that has a
// ReadHeaderTimeout, a ReadTimeout and a WriteTimeout. They end with the handshake.
// Without them, a client that never ends its request keeps a connection for ever. See
// hub.Hub.ServeHTTP for what is refused, and for what middleware must allow.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.hub.ServeHTTP(w, r) }

// SocketIO returns the handler of the endpoint for Socket.IO clients: serve it at /socket.io/. See
// hub.Hub.SocketIO.
func (s *Server) SocketIO() http.Handler { return s.hub.SocketIO() }

// Publisher returns a Publisher on the server's bus, for application code in the same
// process: it notifies users and announces what happened to a study.
func (s *Server) Publisher() room.Publisher { return room.Publisher{Bus: s.bus} }

// Ready returns nil while a load balancer should send new clients. Otherwise the error
// wraps hub.ErrClosed, after Shutdown was called, or store.ErrUnavailable: the store does
// not answer, so nobody can join. A hub without its bus is ready: its chat works, and
// messages of other hubs are up to 3 s late. Stats().Room.BusReachable tells.
func (s *Server) Ready() error {
	if s.hub.Draining() {
		return hub.ErrClosed
	}
	return s.rooms.Ready()
}

// Stats returns the figures of the hub and of its rooms at this moment. Package hub/prom
// makes Prometheus metrics of them.
func (s *Server) Stats() hub.Stats { return s.hub.Stats() }

// Shutdown ends the server. It accepts no more connections, stores and acknowledges the
// posts that were accepted, closes every connection with 1001, so that the clients
// connect to another hub, and reports its users as offline. It returns when all of that
// is done, or with the error of ctx after ctx is done. Nothing runs then, if Store,
// Members and Verifier obey their contexts. Reports of presence, and messages for other
// hubs, get up to 3 s more if they need it. A second call waits for the first and
// returns the same error.
//
// Call it before http.Server.Shutdown, which does not end WebSocket connections. The
// caller closes Store and Bus afterwards.
func (s *Server) Shutdown(ctx context.Context) error {
	s.shutdown.Do(func() {
		s.err = s.hub.Shutdown(ctx)
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		s.err = errors.Join(s.err, s.rooms.Close(rest))
		if s.own != nil {
			s.err = errors.Join(s.err, s.own.Close())
		}
	})
	return s.err
}

// closeTimeout is how long the rooms may take to close, even if closing the connections
// has used up the time of ctx.
const closeTimeout = 3 * time.Second

// ConnContext is for http.Server.ConnContext. With it, the time that a client has to
// authenticate counts from when its connection was accepted.
func ConnContext(ctx context.Context, c net.Conn) context.Context { return hub.ConnContext(ctx, c) }
