package redis

import (
	"slices"
	"sync/atomic"

	"github.com/coupchat/coup/bus"
)

type subscription struct {
	bus     *Bus
	channel string
	handler bus.Handler
	closed  atomic.Bool
	told    bool // that it holds; only dispatch touches it
}

// Subscribe calls h for what is published on channel from now on, and h.Gap each
// time the server has confirmed it, the first time included. It does not wait.
// It returns bus.ErrClosed after Close.
func (b *Bus) Subscribe(channel string, h bus.Handler) (bus.Subscription, error) {
	s := &subscription{bus: b, channel: channel, handler: h}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return nil, bus.ErrClosed
	}
	// Dispatch may hold the old slice: never write into it.
	b.channels[channel] = append(slices.Clone(b.channels[channel]), s)
	b.touch(channel)
	return s, nil
}

// Close ends the subscription without waiting for a handler under way.
func (s *subscription) Close() {
	if s.closed.Swap(true) {
		return
	}
	b := s.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	subs := slices.DeleteFunc(slices.Clone(b.channels[s.channel]), func(o *subscription) bool { return o == s })
	if len(subs) > 0 {
		b.channels[s.channel] = subs
		return
	}
	delete(b.channels, s.channel)
	b.touch(s.channel)
}

// touch has run look at channel. The caller holds b.mu.
func (b *Bus) touch(channel string) {
	b.dirty[channel] = struct{}{}
	select {
	case b.wake <- struct{}{}:
	default: // it will look at all of dirty anyway
	}
}

// wanted returns every channel that has subscriptions, and forgets what was
// dirty.
func (b *Bus) wanted() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.dirty)
	channels := make([]string, 0, len(b.channels))
	for channel := range b.channels {
		channels = append(channels, channel)
	}
	return channels
}

// changes compares the dirty channels with those held on the connection. Again
// are those that are held but have somebody new.
func (b *Bus) changes(held map[string]struct{}) (add, again, remove []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for channel := range b.dirty {
		_, have := held[channel]
		_, want := b.channels[channel]
		switch {
		case want && !have:
			add = append(add, channel)
		case want:
			again = append(again, channel)
		case have:
			remove = append(remove, channel)
		}
	}
	clear(b.dirty)
	return add, again, remove
}

// subscribers returns those of channel, or all.
func (b *Bus) subscribers(n news) []*subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if n.kind != lost {
		return b.channels[n.channel]
	}
	var all []*subscription
	for _, subs := range b.channels {
		all = append(all, subs...)
	}
	return all
}
