// Package client is a client of the native WebSocket endpoint for Go programs: bots, load tests,
// and tests of servers that embed the chat. It stays connected, renews its token, joins its rooms
// again, shows each message once and in order, and repeats what it sends until it is stored.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// ErrClosed says that Close was called.
var ErrClosed = errors.New("client: closed")

// Options configure a Client. URL is required, and Token or Header.
type Options struct {
	// URL is that of the endpoint, ws:// or wss://.
	URL string
	// Token returns a token. It is called for each connection, before the last token expires, and
	// when one was refused. After an error it is called again a while later. Without it the server has to
	// know the user by Header (hub.Options.Identify).
	Token func(context.Context) (string, error)
	// Handler gets what the server sends, one event after the other. While it runs nothing is
	// read, so a slow one slows the server down; a very slow one is disconnected by the server, and
	// gets what it missed afterwards. It must not wait for methods of the Client.
	Handler func(Event)
	// Presence asks who is in each study that is joined, and Reads what the user has read there.
	// See Joined, and the events presence and read_marked.
	Presence, Reads bool
	// Header is sent with each handshake. With a Cookie that names the user it needs an Origin that the
	// server allows. TLS is for wss:// URLs.
	Header http.Header
	TLS    *tls.Config
	// Log gets why connections end, at the debug level, and handshakes that the server refuses, as
	// warnings. Defaults to slog.Default().
	Log *slog.Logger
}

// A Client is one user's connection, which is made again whenever it ends. Its methods may be
// called at the same time from any goroutine.
type Client struct {
	opts Options
	ctx  context.Context
	end  context.CancelFunc
	work sync.WaitGroup

	mu     sync.Mutex // guards what follows
	line   *line      // authenticated, or nil
	online chan struct{}
	rooms  map[string]*place
}

// A place is where the client is in a study.
type place struct {
	mu     sync.Mutex // one join at a time
	known  bool       // last is known
	last   int64      // guarded by Client.mu, as the rest
	sentAt string
	joined *line // the connection on which it was joined
}

// New returns a client, which connects by itself until Close.
func New(opts Options) (*Client, error) {
	u, err := url.Parse(opts.URL)
	switch {
	case err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "":
		return nil, fmt.Errorf("client: URL %q is no ws:// or wss:// URL", opts.URL)
	case opts.Token == nil && len(opts.Header) == 0:
		return nil, errors.New("client: Token is required, or a Header that names the user")
	}
	if opts.Handler == nil {
		opts.Handler = func(Event) {}
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	c := &Client{opts: opts, online: make(chan struct{}), rooms: map[string]*place{}}
	c.ctx, c.end = context.WithCancel(context.Background())
	c.work.Go(c.run)
	return c, nil
}

// Close ends the client, and returns when nothing of it runs any more. Calls that wait return
// ErrClosed. The Handler must not call it.
func (c *Client) Close() {
	c.end()
	c.work.Wait()
}

// request sends a request as soon as there is a connection, and again on the next one if the
// connection ends before the answer. It also repeats what the server could not do at the moment.
func (c *Client) request(ctx context.Context, do func(*line) error) error {
	for tries := 0; ; tries++ {
		l, err := c.connected(ctx)
		if err != nil {
			return err
		}
		err = do(l)
		var refused *Error
		wait := time.Duration(0)
		switch {
		case err == nil, ctx.Err() != nil:
			return err
		case errors.Is(err, errLine):
			continue
		case !errors.As(err, &refused):
			return err
		case refused.Code == "rate_limited":
			wait = max(refused.RetryAfter, 50*time.Millisecond)
		case refused.Code == "unavailable":
			wait = backoff(tries)
		default:
			return err
		}
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// connected waits until there is a connection.
func (c *Client) connected(ctx context.Context) (*line, error) {
	for {
		c.mu.Lock()
		l, online := c.line, c.online
		c.mu.Unlock()
		if l != nil {
			return l, nil
		}
		select {
		case <-online:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.ctx.Done():
			return nil, ErrClosed
		}
	}
}

// sleep waits, unless ctx ends or the client is closed.
func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return ErrClosed
	}
}
