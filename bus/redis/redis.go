// Package redis is a bus.Bus over Redis Pub/Sub. It connects hubs in several processes, and
// any program can publish for them.
//
// The bus adds no prefix to the names of channels, and Redis Pub/Sub ignores the number of
// the database: two deployments need two Redis. The bus has one connection to publish and
// one to subscribe. It does not wait for Redis: it connects in the background. After it has
// lost a connection it subscribes again, and calls bus.Handler.Gap of every subscription.
//
// With every probe, once a second, the bus asks the server for its role. It leaves a replica
// at once, because what is published there does not reach the others. After a failover an old
// server may still believe that it is the master. So every few seconds the bus publishes a
// probe over a new connection: if it does not hear that one, its address leads elsewhere, and
// it makes new connections.
//
// With sentinels, it asks them for the master once a second and after each failure, too. On a
// cluster it uses sharded Pub/Sub with two connections to each master that
// has channels in use, so that the masters share the load. When slots or masters move, only
// their channels get a gap. The channels of Options.Broadcast are not sharded, so that
// programs without support for clusters can publish on them at any node.
package redis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/coupchat/coup/bus"
)

// Options configure a Bus. URL is required.
type Options struct {
	// URL is the address of Redis: redis://user:password@host:6379, rediss:// for TLS, or
	// unix:///path. Required.
	//
	// Sentinel: redis://sentinel1:26379?addr=sentinel2:26379&master_set=mymaster
	// has all sentinels and the name of the master. user and password are those of the
	// master; sentinel_username and sentinel_password are those of the sentinels, if any.
	//
	// Cluster: redis://node1:6379?addr=node2:6379 has two or more nodes, or the same one
	// twice. The bus finds the others. With a single address the channels are not sharded,
	// so all hubs must have either one address or several.
	URL string

	// Broadcast are the channels that are not sharded on a cluster, because other programs
	// publish on them with a plain PUBLISH. Defaults to bus.Notifications,
	// bus.StudyEvents and bus.UserEvents. Without a cluster it has no effect.
	Broadcast []string

	// Prefix starts the name of the channel on which the bus probes itself. Defaults to
	// "coup:".
	Prefix string

	// Timeout bounds the time to connect, to subscribe, to publish without a deadline, and
	// to answer a ping, which is sent every half second. A frozen Redis is noticed after at
	// most Timeout and a second more. Defaults to 2s; at least 100ms. It cannot be turned
	// off.
	Timeout time.Duration

	// MaxQueue is how many bytes of received messages may wait for handlers. More are
	// dropped, and all subscriptions get a gap. Defaults to 16 MiB. It cannot be turned off.
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
	// find asks on which nodes the channels are. It gets the table of before. An error means
	// that nobody could answer.
	find  func(ctx context.Context, old *table) (*table, error)
	moved chan struct{} // makes watch call find now

	stop   context.CancelFunc
	owned  sync.WaitGroup // watch, dispatch and the runs of nodes
	closed chan struct{}  // closed when Close has ended

	mu       sync.RWMutex // guards what follows
	closing  bool
	table    *table
	channels map[string]*channel // those with subscriptions
}

var (
	_ bus.Bus    = (*Bus)(nil)
	_ bus.Pinger = (*Bus)(nil)
)

// pingEvery is the gap between two pings on a connection.
const pingEvery = 500 * time.Millisecond

// New returns a bus and begins to connect, which may take a few times Options.Timeout if
// Redis does not answer. It returns an error if an option makes no sense, but not if Redis
// cannot be reached: Ping reports that.
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
		o.Broadcast = []string{bus.Notifications, bus.StudyEvents, bus.UserEvents}
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

// begin finds the servers for the first time, and starts the goroutines that Close ends.
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
		b.find = b.findSingle
		b.adopt(ctx, b.table, &table{nodes: map[string]*node{n.addr: n}, home: n})
	}
	if b.table.home == nil {
		b.look(ctx)
	}
	b.owned.Go(func() { b.watch(ctx) })
	b.owned.Go(b.dispatch)
	return nil
}

// Close ends all subscriptions, waits for the handler that is running and closes the
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
		wg.Go(n.close) // at the same time, because each may wait for a server
	}
	if b.sentinels != nil {
		wg.Go(b.sentinels.close)
	}
	wg.Wait()
	return nil
}
