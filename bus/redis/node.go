package redis

import (
	"context"
	"sync/atomic"

	"github.com/redis/rueidis"
)

// A node is one server: that behind the only address, the master that the sentinels name, or
// a master of a cluster. It has one connection to publish and, if it has channels, one to
// subscribe.
type node struct {
	bus    *Bus
	addr   string
	client rueidis.Client
	probes *probes
	wake   chan struct{} // makes run check dirty and gone
	stop   context.CancelFunc
	done   chan struct{} // closed when run has ended

	used    atomic.Bool // it needs a subscribing connection
	replica atomic.Bool // it was found to be a replica; see checkRole
	failing atomic.Bool // the subscribing connection is lost, or could not be made
	left    atomic.Bool // its connections lead to a server that others do not use; see listen

	// Guarded by bus.mu:
	dirty map[string]struct{} // channels whose subscription run has to check
	gone  map[string]struct{} // channels whose subscription the server has ended
}

// open returns the node at addr. run starts when the node becomes part of a table.
func (b *Bus) open(addr string) (*node, error) {
	client, err := connect(b.config, addr)
	if err != nil {
		return nil, err
	}
	return &node{
		bus:    b,
		addr:   addr,
		client: client,
		probes: newProbes(b.prefix),
		wake:   make(chan struct{}, 1),
		dirty:  make(map[string]struct{}),
		gone:   make(map[string]struct{}),
	}, nil
}

// start starts run, which ends when the node is closed or ctx is done.
func (n *node) start(ctx context.Context) {
	ctx, n.stop = context.WithCancel(ctx)
	n.done = make(chan struct{})
	n.bus.owned.Go(func() {
		defer close(n.done)
		n.run(ctx)
	})
}

// close ends run, if it was started, and both connections.
func (n *node) close() {
	if n.stop != nil {
		n.stop()
		<-n.done
	}
	n.client.Close()
}

// nudge wakes run up.
func (n *node) nudge() {
	select {
	case n.wake <- struct{}{}:
	default: // run has been woken up and will check everything
	}
}
