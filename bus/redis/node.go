package redis

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/redis/rueidis"
)

// A node is one server that takes messages: the only one, the master that the
// sentinels name, or a master of a cluster. It has one connection to publish on
// and, once it owns a channel, one to subscribe on.
type node struct {
	bus    *Bus
	addr   string
	client rueidis.Client
	probes *probes
	wake   chan struct{} // tells run that there is something to look at
	stop   context.CancelFunc
	done   chan struct{} // closed when run has ended

	used atomic.Bool // it has, or should have, a subscribing connection
	deaf atomic.Bool // that was lost, or could not be made

	// Guarded by bus.mu:
	dirty map[string]struct{} // channels that run has to look at
	gone  map[string]struct{} // channels the server took away by itself
}

// open returns the node at addr. Its run starts when it becomes part of a table.
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

// start has run go on until the node is closed or ctx is done.
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

// nudge makes run look at what it has to do.
func (n *node) nudge() {
	select {
	case n.wake <- struct{}{}:
	default: // it will look at everything anyway
	}
}

// role asks the server what it is, such as "master".
func (n *node) role(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	answer, err := n.client.Do(ctx, n.client.B().Role().Build()).ToArray()
	if err != nil {
		return "", fmt.Errorf("ask %s for its role: %w", n.addr, err)
	}
	if len(answer) == 0 {
		return "", fmt.Errorf("ask %s for its role: an empty answer", n.addr)
	}
	return answer[0].ToString()
}
