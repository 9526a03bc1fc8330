// Package redis is a bus.Bus over Redis Pub/Sub, so that hubs in several
// processes hear each other and any program can speak to them.
//
// Channels have the names they are given, without a prefix, and Redis Pub/Sub knows
// no database numbers: two deployments need two Redis. The bus keeps one
// connection for publishing and one for subscribing. It never waits for Redis to
// come up: it connects in the background, and after each loss of the connection
// it subscribes again and says so to every subscription (bus.Handler.Gap).
//
// Behind sentinels it asks them once a second, and whenever something fails,
// where the master is, and leaves a server that is no longer one, even if the
// connections to it still live. On a cluster it uses sharded Pub/Sub, with two
// connections to each master that has channels in use, so that Redis divides the
// work; when slots or masters move, only their channels see a gap. The channels
// of Options.Broadcast stay plain there, so that programs which know nothing of
// clusters can publish on them at any node.
package redis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/coupchat/coup/bus"
)

// Options for New.
type Options struct {
	// URL says where Redis is: redis://user:password@host:6379, rediss:// for
	// TLS, unix:///path. Required.
	//
	// Sentinel: redis://sentinel1:26379?addr=sentinel2:26379&master_set=mymaster
	// names all sentinels and the master's name; user and password are those of
	// the master, and sentinel_username and sentinel_password those of the
	// sentinels, if they want any.
	//
	// Cluster: redis://node1:6379?addr=node2:6379 names two or more nodes (or the
	// same twice); the others are found. All hubs must either do that or not:
	// with one address the channels are not sharded.
	URL string

	// Broadcast names the channels that are not sharded on a cluster, because
	// others publish on them with a plain PUBLISH. Defaults to notifications and
	// study-events. Of no effect elsewhere.
	Broadcast []string

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
	config    rueidis.ClientOption // of every server, see connect
	prefix    string
	timeout   time.Duration
	cluster   bool
	broadcast map[string]bool
	sentinels *sentinels // nil if there are none
	inbox     *inbox
	// find asks where the channels are, knowing where they were; nil if there is
	// but one server, for ever. Its error means that this cannot be known now.
	find  func(ctx context.Context, old *table) (*table, error)
	moved chan struct{} // tells watch to do that now

	stop   context.CancelFunc
	owned  sync.WaitGroup // watch, dispatch and what the nodes do
	closed chan struct{}  // closed once Close is through

	mu       sync.RWMutex // guards what follows
	closing  bool
	table    *table
	channels map[string]*channel // that have subscriptions
}

var (
	_ bus.Bus    = (*Bus)(nil)
	_ bus.Pinger = (*Bus)(nil)
)

// pingEvery is how often a connection is asked whether it lives.
const pingEvery = 500 * time.Millisecond

// New returns a bus and begins to connect, which may take a few times
// Options.Timeout if Redis does not answer. It returns an error if o is wrong,
// not if Redis cannot be reached: that is what Ping tells.
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
	if o.Broadcast == nil {
		o.Broadcast = []string{bus.Notifications, bus.StudyEvents}
	}
	if o.Timeout < 100*time.Millisecond || o.MaxQueue < 0 {
		return nil, fmt.Errorf("redis: Timeout %s is under 100ms or MaxQueue %d negative", o.Timeout, o.MaxQueue)
	}
	config, err := o.parse()
	if err != nil {
		return nil, err
	}
	b := &Bus{
		config:    config,
		prefix:    o.Prefix,
		timeout:   o.Timeout,
		broadcast: make(map[string]bool),
		inbox:     newInbox(o.MaxQueue),
		moved:     make(chan struct{}, 1),
		closed:    make(chan struct{}),
		table:     new(table),
		channels:  make(map[string]*channel),
	}
	for _, name := range o.Broadcast {
		b.broadcast[name] = true
	}
	if err := b.begin(); err != nil {
		return nil, err
	}
	return b, nil
}

// begin finds the servers for the first time and starts what runs until Close.
func (b *Bus) begin() error {
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	switch {
	case b.config.Sentinel.MasterSet != "":
		b.sentinels = newSentinels(b.config)
		b.find = b.findMaster
	case len(b.config.InitAddress) > 1:
		b.cluster = true
		b.find = b.findShards
	default:
		n, err := b.open(b.config.InitAddress[0])
		if err != nil {
			stop()
			return err
		}
		b.adopt(ctx, b.table, &table{nodes: map[string]*node{n.addr: n}, home: n})
	}
	if b.find != nil {
		b.look(ctx)
		b.owned.Go(func() { b.watch(ctx) })
	}
	b.owned.Go(b.dispatch)
	return nil
}

// Close ends all subscriptions, waits for the handler under way and closes the
// connections. A handler must not call it. It returns nil.
func (b *Bus) Close() error {
	b.mu.Lock()
	first := !b.closing
	b.closing = true
	for _, c := range b.channels {
		for _, s := range c.subs {
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
	var wg sync.WaitGroup
	for _, n := range b.table.nodes {
		wg.Go(n.close) // together: each may wait for a server
	}
	if b.sentinels != nil {
		wg.Go(b.sentinels.close)
	}
	wg.Wait()
	return nil
}
