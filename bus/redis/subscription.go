package redis

import (
	"slices"
	"sync/atomic"

	"github.com/coupchat/coup/bus"
)

// A channel is a channel with subscriptions. bus.mu guards its fields.
type channel struct {
	owner *node           // the node that subscribes to it; nil while none is known
	subs  []*subscription // copied on write: dispatch may hold the old slice
}

type subscription struct {
	bus     *Bus
	channel string
	handler bus.Handler
	closed  atomic.Bool
	active  bool // the handler has got the first gap; only dispatch uses it
}

// Subscribe implements bus.Bus. It calls h.Gap each time a server has confirmed the
// subscription, also the first time. It does not wait. It returns bus.ErrClosed after Close.
func (b *Bus) Subscribe(name string, h bus.Handler) (bus.Subscription, error) {
	s := &subscription{bus: b, channel: name, handler: h}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return nil, bus.ErrClosed
	}
	c := b.channels[name]
	if c == nil {
		c = &channel{owner: b.route(b.table, name)}
		b.channels[name] = c
	}
	c.subs = append(slices.Clone(c.subs), s)
	c.owner.touch(name)
	return s, nil
}

// Close ends the subscription. It does not wait for a handler that is running.
func (s *subscription) Close() {
	if s.closed.Swap(true) {
		return
	}
	b := s.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.channels[s.channel]
	c.subs = slices.DeleteFunc(slices.Clone(c.subs), func(o *subscription) bool { return o == s })
	if len(c.subs) == 0 {
		delete(b.channels, s.channel)
		c.owner.touch(s.channel)
	}
}

// touch makes run check a channel. It does nothing on a nil node. The caller holds bus.mu.
func (n *node) touch(channel string) {
	if n == nil {
		return
	}
	n.dirty[channel] = struct{}{}
	n.used.Store(true)
	n.nudge()
}

// retouch makes run check channels again.
func (n *node) retouch(channels []string) {
	n.bus.mu.Lock()
	defer n.bus.mu.Unlock()
	for _, channel := range channels {
		n.dirty[channel] = struct{}{}
	}
}

// taken notes that the server has ended a subscription. If the bus has not asked for that,
// the slot has moved to another node.
func (n *node) taken(channel string) {
	n.bus.mu.Lock()
	defer n.bus.mu.Unlock()
	if !n.owns(channel) {
		return
	}
	n.gone[channel] = struct{}{}
	n.touch(channel)
	n.bus.suspect()
}

// owns reports whether channel has subscriptions and is on this node. The caller holds
// bus.mu.
func (n *node) owns(channel string) bool {
	c := n.bus.channels[channel]
	return c != nil && c.owner == n
}

// wanted returns all channels of the node with subscriptions, and clears dirty.
func (n *node) wanted() []string {
	n.bus.mu.Lock()
	defer n.bus.mu.Unlock()
	clear(n.dirty)
	clear(n.gone)
	var channels []string
	for name, c := range n.bus.channels {
		if c.owner == n {
			channels = append(channels, name)
		}
	}
	return channels
}

// changes compares the dirty channels with those that are subscribed to on the connection,
// without those that the server has ended. known are subscribed to, but have a new
// subscription.
func (n *node) changes(held map[string]struct{}) (add, known, remove []string) {
	n.bus.mu.Lock()
	defer n.bus.mu.Unlock()
	for channel := range n.gone {
		delete(held, channel)
	}
	for channel := range n.dirty {
		_, have := held[channel]
		want := n.owns(channel)
		switch {
		case want && !have:
			add = append(add, channel)
		case want:
			known = append(known, channel)
		case have:
			remove = append(remove, channel)
		}
	}
	clear(n.dirty)
	clear(n.gone)
	return add, known, remove
}

// subscribers returns the subscriptions of a channel, or all. A message from a node that does
// not own the channel any more is for none of them: the new node brings it too.
func (b *Bus) subscribers(n received) []*subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if n.kind != lost {
		if c := b.channels[n.channel]; c != nil && c.owner == n.from {
			return c.subs
		}
		return nil
	}
	var all []*subscription
	for _, c := range b.channels {
		all = append(all, c.subs...)
	}
	return all
}
