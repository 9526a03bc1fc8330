package hub

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/loglimit"
)

// Options configure a Hub. A zero value means the default.
type Options struct {
	// Origins are the origins of the pages that may connect, as a browser writes them:
	// "https://chat.example.org", with the port unless it is the default of the scheme.
	// They are compared exactly. If there are none, a page may connect if its host and
	// port are those of the request's Host header. A development server on another port
	// must be listed. A client that is no browser sends no Origin, and may connect.
	Origins []string
	// OriginFunc, if set, is asked about an Origin that is not in Origins: whether pages from
	// there may connect. It is for wildcards, such as a subdomain for each customer. Compare
	// the whole host: a suffix alone also matches hosts of strangers. It must not block, and
	// may be called at the same time from any goroutine.
	OriginFunc func(origin string) bool
	// AnyOrigin lets the pages of every site connect. They still need a token.
	AnyOrigin bool

	// Identify, if set, is called with each request that may be upgraded, to authenticate it
	// by what it carries: a session cookie, or a header that a trusted proxy has set. The
	// client then gets auth_success first, unasked. A nil identity without an error leaves the
	// client to authenticate by event. An error refuses the handshake: with 401 if it wraps
	// auth.ErrInvalid or auth.ErrExpired, else with 503.
	//
	// A browser sends cookies also for the pages of other sites. So a request with a Cookie and
	// an identity needs an Origin that is allowed, also with AnyOrigin: that of the same host,
	// or one that is listed. (A page of the same host sends no Origin with the first request of long-polling.
	// There the browser's Sec-Fetch-Site counts.)
	//
	// The connection ends when the identity expires. The client then connects anew, and is asked for again.
	//
	// It may be called at the same time from any goroutine, and the handshake waits for it.
	Identify func(*http.Request) (*auth.Identity, error)

	// AuthTimeout is how long a client has for its first authenticate, counted from when
	// the connection was accepted (see ConnContext). After that it is closed with 4408.
	// Defaults to 10s; -1 is for ever.
	AuthTimeout time.Duration
	// PingEvery is the gap between pings. Defaults to 25s; -1 disables them.
	PingEvery time.Duration
	// PongTimeout is how long a client may send nothing, not even a pong, before its
	// connection counts as lost and is cut. It must be longer than PingEvery. Defaults to
	// PingEvery and 10s more, so 35s; or, without pings, to for ever. -1 is for ever.
	PongTimeout time.Duration
	// CloseTimeout is how long a client has to answer a close frame, counted from when it last
	// took something of what was queued before it. Defaults to 2s; -1 does not wait.
	CloseTimeout time.Duration

	// WriteTimeout is how long a client may read nothing although data waits for it. Then
	// it is closed with 1013. Defaults to 5s; -1 is for ever.
	WriteTimeout time.Duration

	// MaxMessage is the longest message of a client, in bytes. A longer one closes the
	// connection with 1009. Defaults to 64 KiB; -1 is no limit.
	MaxMessage int
	// MaxFirst is the longest message of a client that has not authenticated yet, in bytes:
	// strangers must not fill the memory. A longer one closes the connection with 1009.
	// Defaults to 16 KiB; -1 is MaxMessage.
	MaxFirst int
	// MaxFrames is how many frames a message may have. More close the connection with
	// 1009. Defaults to 64; -1 is no limit.
	MaxFrames int
	// MaxQueue is how many bytes may wait to be sent to one client when there is more to
	// send. A client that reads too slowly is closed with 1013; it connects again and
	// joins with after. Defaults to 1 MiB; -1 is no limit.
	MaxQueue int
	// SendBuffer bounds what the operating system buffers for a client besides MaxQueue,
	// in bytes (SO_SNDBUF; Linux doubles it, for its own bookkeeping). Without it the
	// system buffers several megabytes: the hub would notice late that a client has
	// stopped reading, and thousands of them would fill the memory. Defaults to 128 KiB;
	// -1 leaves the bound to the system.
	SendBuffer int
	// MaxConnections is how many connections the hub accepts. More are answered with 503
	// and a Retry-After. Defaults to 0, no limit. Set it below the limit of open files,
	// so that the rest of the process can still open some.
	MaxConnections int
	// MaxUnauthenticated is how many connections may be there that have not authenticated yet,
	// so that strangers do not take all of MaxConnections. More are answered with 503 and a
	// Retry-After. Defaults to 5,000, or to half of MaxConnections if that is less; -1 is no
	// limit.
	MaxUnauthenticated int
	// MaxAccepts is how many connections the hub accepts a second, with bursts of twice
	// as many. More are answered with 503 and a Retry-After: when many clients reconnect
	// at once, the hub must still serve those that are connected. Defaults to 1,000; -1
	// is no limit.
	MaxAccepts int
	// MaxPerAddress is how many connections one remote address may have. More are closed
	// with 4429. Defaults to 0, no limit: behind a proxy, all have its address.
	MaxPerAddress int
	// MaxRooms is how many rooms one connection may be in. Joining more is answered with
	// bad_request. Defaults to 200; -1 is no limit.
	MaxRooms int
	// MaxRefused is how many refused requests, renewals of a token and control frames a
	// client may send before the connection is closed with 1008. Each second takes ten
	// off the count, and a request that is answered with unavailable does not count.
	// Defaults to 100; -1 is no limit.
	MaxRefused int

	// RecheckEvery is how often a Verifier that is an auth.Rechecker too is asked about all sessions.
	// Defaults to 30 s; -1 is never.
	RecheckEvery time.Duration

	// Tag begins the ids of Socket.IO connections on this hub, so that a load balancer can find
	// the hub of a client that polls: see docs/deployment.md. Up to 32 letters, digits, "-" and
	// "_". Defaults to none.
	Tag string

	// Goroutines serves every connection with a goroutine. By default, on Linux,
	// connections of plain TCP wait in epoll sets, where an idle one costs no goroutine
	// and no buffer.
	Goroutines bool
	// ExcludeSender does not deliver a message to the connection that posted it, which
	// gets an ack. If the answer of the store was lost or late, and the room has read the
	// message from the store before, the connection gets both.
	ExcludeSender bool
	// Log gets internal errors and why tokens and handshakes are refused: one line a minute of
	// each kind and reason. At the debug level it gets a line for each session that
	// ends. Defaults to slog.Default().
	Log *slog.Logger
}

var validTag = regexp.MustCompile(`^[A-Za-z0-9_-]{0,32}$`)

// setDefaults returns an error for an option that makes no sense.
func (o *Options) setDefaults() error {
	for _, origin := range o.Origins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	if !validTag.MatchString(o.Tag) {
		return fmt.Errorf("hub: the tag %q must be up to 32 letters, digits, - and _", o.Tag)
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
	o.MaxFirst = cmp.Or(o.MaxFirst, 16<<10)
	o.MaxFrames = cmp.Or(o.MaxFrames, 64)
	o.MaxQueue = cmp.Or(o.MaxQueue, 1<<20)
	if o.MaxUnauthenticated == 0 {
		o.MaxUnauthenticated = 5000
		if half := (o.MaxConnections + 1) / 2; half > 0 {
			o.MaxUnauthenticated = min(o.MaxUnauthenticated, half)
		}
	}
	o.MaxAccepts = min(cmp.Or(o.MaxAccepts, 1000), math.MaxInt32/4)
	o.SendBuffer = cmp.Or(o.SendBuffer, 128<<10)
	o.MaxRooms = cmp.Or(o.MaxRooms, 200)
	o.MaxRefused = cmp.Or(o.MaxRefused, 100)
	o.RecheckEvery = cmp.Or(o.RecheckEvery, 30*time.Second)
	o.Log = loglimit.New(cmp.Or(o.Log, slog.Default()))
	return nil
}
