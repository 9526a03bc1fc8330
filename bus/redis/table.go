package redis

import (
	"context"
	"errors"
	"time"

	"github.com/coupchat/coup/bus"
)

// errNowhere says that no server is known for a channel.
var errNowhere = errors.New("redis: no master is known at the moment")

// The gap between two calls of find, and the shortest pause between two calls after a
// failure.
const (
	lookEvery = time.Second
	lookPause = 100 * time.Millisecond
)

// A table has the node of each channel. It is never changed.
type table struct {
	nodes map[string]*node // by address
	home  *node            // for channels that are not sharded; nil if there is no master
	slots *[slotCount]*node
}

// route returns the node of channel, or nil.
func (b *Bus) route(t *table, channel string) *node {
	if t.slots == nil || b.broadcast[channel] {
		return t.home
	}
	return t.slots[slot(channel)]
}

// sharded reports whether channel is published and subscribed to with SPUBLISH
// and SSUBSCRIBE.
func (b *Bus) sharded(channel string) bool {
	return b.cluster && !b.broadcast[channel]
}

// current returns the node at addr, or nil if there is none that can stay.
func (t *table) current(addr string) *node {
	if n := t.nodes[addr]; n != nil && !n.left.Load() && !n.replica.Load() {
		return n
	}
	return nil
}

func (t *table) equal(o *table) bool {
	if t.home != o.home || len(t.nodes) != len(o.nodes) || (t.slots == nil) != (o.slots == nil) {
		return false
	}
	for addr, n := range t.nodes {
		if o.nodes[addr] != n {
			return false
		}
	}
	return t.slots == nil || *t.slots == *o.slots
}

// watch keeps the table up to date until ctx is done.
func (b *Bus) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-b.moved:
		}
		b.look(ctx)
		pause := time.NewTimer(lookPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// suspect makes watch call find at once: after a failure, channels may have moved.
func (b *Bus) suspect() {
	select {
	case b.moved <- struct{}{}:
	default: // watch will call find
	}
}

// look calls find and adopts the new table. If find fails, the table stays.
func (b *Bus) look(ctx context.Context) {
	b.mu.RLock()
	old := b.table
	b.mu.RUnlock()
	t, err := b.find(ctx, old)
	if err == nil && !t.equal(old) {
		b.adopt(ctx, old, t)
	}
}

// adopt makes t the table. It starts new nodes, moves channels, and ends nodes that are not in
// t.
func (b *Bus) adopt(ctx context.Context, old, t *table) {
	for _, n := range t.nodes {
		if n.stop == nil {
			n.start(ctx)
		}
	}
	b.mu.Lock()
	b.table = t
	if t.home != nil {
		t.home.used.Store(true) // it receives the messages of Ping
		t.home.nudge()
	}
	for name, c := range b.channels {
		if owner := b.route(t, name); owner != c.owner {
			c.owner.touch(name)
			c.owner = owner
			c.owner.touch(name)
		}
	}
	b.mu.Unlock()
	for addr, n := range old.nodes {
		if t.nodes[addr] != n {
			// On another goroutine, because a server that does not answer takes long.
			b.owned.Go(n.close)
		}
	}
}

// where returns the table, or bus.ErrClosed.
func (b *Bus) where() (*table, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closing {
		return nil, bus.ErrClosed
	}
	return b.table, nil
}
