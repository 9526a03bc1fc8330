// Package redis is a bus.Bus over the Pub/Sub of one Redis server, so that hubs
// in several processes hear each other and any program can speak to them.
//
// Channels have the names they are given, without a prefix. The bus keeps one
// connection for publishing and one for subscribing. It never waits for Redis to
// come up: it connects in the background, and after each loss of the connection
// it subscribes again and says so to every subscription (bus.Handler.Gap).
package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/coupchat/coup/bus"
)

// Options for New.
type Options struct {
	// URL says where Redis is: redis://user:password@host:6379, rediss:// for
	// TLS, unix:///path. Required. Sentinel and cluster are not supported.
	URL string

	// Prefix begins the name of the channel on which the bus speaks to itself to
	// see that it hears. Defaults to "coup:".
	Prefix string

	// Timeout bounds connecting, subscribing, publishing without a deadline, and
	// the wait for an answer of a connection that is asked every half second, so
	// that a frozen Redis is noticed after at most this and a second more.
	// Defaults to 2s; at least 100ms.
	Timeout time.Duration

	// MaxQueue bounds what was received and waits for handlers, in bytes. What
	// comes beyond it is dropped and reported as a gap to all subscriptions.
	// Defaults to 16 MiB.
	MaxQueue int
}

// Bus is a bus.Bus over Redis, made by New.
type Bus struct {
	client  rueidis.Client
	timeout time.Duration
	probes  *probes
	inbox   *inbox
	wake    chan struct{} // tells run that dirty has something

	stop   context.CancelFunc
	owned  sync.WaitGroup // run and dispatch
	closed chan struct{}  // closed once Close is through

	mu       sync.RWMutex // guards what follows
	closing  bool
	channels map[string][]*subscription // slices are copied on write
	dirty    map[string]struct{}        // channels that run has to look at
}

var _ bus.Bus = (*Bus)(nil)

// pingEvery is how often a connection is asked whether it lives.
const pingEvery = 500 * time.Millisecond

// New returns a bus and begins to connect, which may take up to Options.Timeout
// if Redis does not answer. It returns an error if o is wrong, not if Redis
// cannot be reached: that is what Ping tells.
func New(o Options) (*Bus, error) {
	if o.Prefix == "" {
		o.Prefix = "coup:"
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.MaxQueue == 0 {
		o.MaxQueue = 16 << 20
	}
	if o.Timeout < 100*time.Millisecond || o.MaxQueue < 0 {
		return nil, fmt.Errorf("redis: Timeout %s is under 100ms or MaxQueue %d negative", o.Timeout, o.MaxQueue)
	}
	client, err := connect(o)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Bus{
		client:   client,
		timeout:  o.Timeout,
		probes:   newProbes(o.Prefix),
		inbox:    newInbox(o.MaxQueue),
		wake:     make(chan struct{}, 1),
		stop:     stop,
		closed:   make(chan struct{}),
		channels: make(map[string][]*subscription),
		dirty:    make(map[string]struct{}),
	}
	b.owned.Go(func() { b.run(ctx) })
	b.owned.Go(b.dispatch)
	return b, nil
}

func connect(o Options) (rueidis.Client, error) {
	c, err := rueidis.ParseURL(o.URL)
	switch {
	case err != nil:
		// The cause may quote the URL, and that holds the password.
		return nil, errors.New("redis: URL is not a redis, rediss or unix URL")
	case c.Sentinel.MasterSet != "" || len(c.InitAddress) != 1:
		return nil, errors.New("redis: URL names a sentinel or several addresses, which is not supported")
	}
	c.Dialer.Timeout = o.Timeout
	c.Dialer.KeepAlive = pingEvery // the gap between its own pings, too
	c.ConnWriteTimeout = o.Timeout
	c.ForceSingleClient = true
	c.DisableCache = true
	// A late message is worth nothing, the store has it; and a deadline must not
	// cost the connection.
	c.DisableRetry = true
	c.AlwaysPipelining = true
	// One connection, and none beside it for large batches: they would overtake.
	c.PipelineMultiplex = -1
	c.BlockingPipeline = -1
	client, err := rueidis.NewClient(c)
	if client == nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return client, nil // err says that Redis is not there yet
}

// Publish sends msgs in one go and waits until Redis has them, or ctx is done,
// or for Options.Timeout if ctx has no deadline. An error means that any of them
// may or may not arrive. While a frozen connection is being given up, callers
// with a shorter deadline may have to wait for that. It returns bus.ErrClosed
// after Close.
func (b *Bus) Publish(ctx context.Context, msgs ...bus.Message) error {
	if b.isClosing() {
		return bus.ErrClosed
	}
	if len(msgs) == 0 {
		return nil
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.timeout)
		defer cancel()
	}
	batch := make([]rueidis.Completed, len(msgs))
	for i, m := range msgs {
		// A copy of the payload: the command may outlive a ctx that is done.
		batch[i] = b.client.B().Publish().Channel(m.Channel).Message(string(m.Payload)).Build()
	}
	for i, r := range b.client.DoMulti(ctx, batch...) {
		if err := r.Error(); err != nil {
			if errors.Is(err, rueidis.ErrClosing) && b.isClosing() {
				return bus.ErrClosed
			}
			return fmt.Errorf("publish on %q: %w", msgs[i].Channel, err)
		}
	}
	return nil
}

// Ping returns nil if what is published now is heard on the subscribing
// connection, before ctx is done or Options.Timeout over. It tells what a
// readiness check wants to know.
func (b *Bus) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	nonce, heard := b.probes.begin()
	defer b.probes.end(nonce)
	// Said again and again: right after a start the subscription may not be
	// there yet when the first one is.
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		if err := b.Publish(ctx, bus.Message{Channel: b.probes.channel, Payload: []byte(nonce)}); err != nil {
			return err
		}
		select {
		case <-heard:
			return nil
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errDeaf, ctx.Err())
		}
	}
}

func (b *Bus) isClosing() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.closing
}

// Close ends all subscriptions, waits for the handler under way and closes the
// connections. A handler must not call it. It returns nil.
func (b *Bus) Close() error {
	b.mu.Lock()
	first := !b.closing
	b.closing = true
	for _, subs := range b.channels {
		for _, s := range subs {
			s.closed.Store(true)
		}
	}
	b.mu.Unlock()
	if !first {
		<-b.closed
		return nil
	}
	defer close(b.closed)
	b.stop()
	b.inbox.close()
	b.owned.Wait()
	b.client.Close()
	return nil
}
