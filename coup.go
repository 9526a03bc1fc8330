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

// Everyone makes every authenticated user a member of every study. It is for
// demos and load tests, which say so by naming it.
var Everyone store.Members = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
	return "member", nil
})

// Options say what a Server is made of. Store, Members and Verifier are required;
// everything else has a default that is meant for production.
type Options struct {
	// Store keeps messages and presence: postgres.Open, sqlite.Open,
	// store.NewMemory, a rest.Client, or your own.
	Store store.Store
	// Members knows who may join which study. A rest.Client is one.
	Members store.Members
	// Verifier checks the tokens of clients: jwt.New, or your own.
	Verifier auth.Verifier
	// Bus carries news between hubs and from the business server: redis.New, or
	// bus.NewMemory shared by the hubs of one process. Without one this server is
	// alone, and speaks to itself through Publisher: if another process uses the same
	// store, each sees the other's messages up to room.Options.CheckHeads (3 s) late,
	// and kicks and notifications of the other not at all.
	Bus bus.Bus

	// Origins are the pages that may connect, see hub.Options. Without any, only
	// pages of the same host and port may.
	Origins []string
	// Rate is how many messages a user may post in a second, with bursts of twice
	// that. Defaults to Room.Rate, and that to 10; -1 lifts this and every other
	// limit on how fast or how often a client does something, and the limit on
	// connections of one user, unless Room and Hub set them.
	Rate float64
	// Log gets what goes wrong. Defaults to slog.Default().
	Log *slog.Logger

	// Room and Hub set what is finer. Their own Store, Members, Bus, Alone, Log and
	// Origins are ignored.
	Room room.Options
	Hub  hub.Options
}

// A Server is a whole house: rooms over a store and a bus, and a hub as its
// front door. It is an http.Handler for the WebSocket endpoint. Its methods may
// be called at the same time from any goroutine.
type Server struct {
	hub   *hub.Hub
	rooms *room.Registry
	bus   bus.Bus
	own   *bus.Memory // the bus that Shutdown closes, if it is ours

	shutdown sync.Once
	err      error
}

// New returns a server at work. The error names the option that is missing or
// makes no sense. Shutdown ends it.
func New(opts Options) (*Server, error) {
	switch {
	case opts.Store == nil:
		return nil, errors.New("coup: Options.Store is required (store.NewMemory() for a try)")
	case opts.Members == nil:
		return nil, errors.New("coup: Options.Members is required (coup.Everyone lets every user into every study)")
	case opts.Verifier == nil:
		return nil, errors.New("coup: Options.Verifier is required")
	}
	s := &Server{bus: opts.Bus}
	r, h := opts.Room, opts.Hub
	r.Store, r.Members, r.Log, h.Log = opts.Store, opts.Members, opts.Log, opts.Log
	h.Origins = opts.Origins
	r.Rate = cmp.Or(opts.Rate, r.Rate)
	if r.Rate < 0 {
		r.MaxPerUser, h.MaxRefused, h.MaxAccepts = cmp.Or(r.MaxPerUser, -1), cmp.Or(h.MaxRefused, -1), cmp.Or(h.MaxAccepts, -1)
	}
	r.Alone = false
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

// ServeHTTP is the WebSocket endpoint. Mount it where your clients look for it,
// on an http.Server with a ReadHeaderTimeout, a ReadTimeout and a WriteTimeout:
// they end with the handshake, and without them whoever sends a request that has no
// end keeps a connection for ever. See hub.Hub.ServeHTTP for what is refused, and
// what middleware must leave possible.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.hub.ServeHTTP(w, r) }

// Publisher lets the business logic of the same process notify users and tell
// rooms what became of their study. To say something in a study (as a bot, or the
// system), append to the Store, after Message.Clean and with a client id, such as
// store.NewClientID makes: its members get it within room.Options.CheckHeads (3 s).
func (s *Server) Publisher() room.Publisher { return room.Publisher{Bus: s.bus} }

// Ready returns nil while the server should be sent new clients, and else why it
// should not: it drains, or its store or bus is away.
func (s *Server) Ready() error {
	if s.hub.Draining() {
		return errors.New("draining")
	}
	return s.rooms.Ready()
}

// Stats returns the figures of this moment: of the hub, and of its rooms.
// hub/prom makes metrics of them.
func (s *Server) Stats() hub.Stats { return s.hub.Stats() }

// Shutdown drains the server: it lets nobody in, stores and acknowledges what was
// posted, closes every connection with 1001 so that clients come back elsewhere,
// and takes its users' presence back. It returns when all is done, or with the
// context's error when ctx is done before; nothing runs any more then either, if
// Store, Members and Verifier obey their contexts. Presence and the news of what was
// posted get up to 3 s more if they must.
// Call it before http.Server.Shutdown, which knows nothing of WebSockets. Store
// and Bus remain the caller's to close.
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

// closeTimeout is what presence and news get to leave the house, even if the
// drain took all the time there was.
const closeTimeout = 3 * time.Second

// ConnContext is for http.Server.ConnContext: the time a client has to
// authenticate then counts from when it was accepted, its handshake included.
func ConnContext(ctx context.Context, c net.Conn) context.Context { return hub.ConnContext(ctx, c) }
