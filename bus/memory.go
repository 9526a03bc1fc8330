package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// maxMemoryQueue bounds what waits for the handlers of one channel, in bytes. It
// is reached only when handlers are slower than publishers for long.
const maxMemoryQueue = 16 << 20

// queuedCost is what a waiting message takes beside its payload, in bytes.
const queuedCost = 64

var errMemoryFull = errors.New("its handlers are too slow, messages were dropped")

// Memory is a Bus within one process. Publish calls the handlers itself, in the
// order of publishing, which is the same for every subscription of a channel.
// While they run, what others publish on that channel (the handlers included)
// waits in a queue that the first Publish works off before it returns. Handlers
// may therefore publish, subscribe and close subscriptions, but must not call
// Memory.Close.
//
// Nothing is lost and no Gap reported unless over 16 MiB wait on one channel:
// then Publish drops the message and returns an error.
type Memory struct {
	mu       sync.RWMutex // guards closed, channels and their subs
	closed   bool
	channels map[string]*memoryChannel

	handling sync.WaitGroup // the Publish calls that run handlers
}

var _ Bus = (*Memory)(nil)

// NewMemory returns an empty bus.
func NewMemory() *Memory {
	return &Memory{channels: make(map[string]*memoryChannel)}
}

// Publish calls the handlers of each message's channel. It returns ErrClosed
// after Close, and ctx's error if ctx is done before it starts.
func (m *Memory) Publish(ctx context.Context, msgs ...Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	var full error
	for _, msg := range msgs {
		m.mu.RLock()
		if m.closed {
			m.mu.RUnlock()
			return ErrClosed
		}
		c := m.channels[msg.Channel]
		if c == nil {
			m.mu.RUnlock()
			continue
		}
		d := delivery{subs: c.subs, payload: msg.Payload}
		first, err := c.enter(d)
		if first {
			m.handling.Add(1)
		}
		m.mu.RUnlock()
		if err != nil {
			full = fmt.Errorf("publish on %q: %w", msg.Channel, err)
		}
		if first {
			m.handle(c, d)
		}
	}
	return full
}

// handle runs d and whatever comes to wait behind it.
func (m *Memory) handle(c *memoryChannel, d delivery) {
	defer m.handling.Done()
	defer c.leave()
	d.run()
	for queue := c.take(); len(queue) > 0; queue = c.take() {
		for _, d := range queue {
			d.run()
		}
	}
}

// Subscribe calls h for what is published on channel from now on. It returns
// ErrClosed after Close.
func (m *Memory) Subscribe(channel string, h Handler) (Subscription, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	c := m.channels[channel]
	if c == nil {
		c = &memoryChannel{}
		m.channels[channel] = c
	}
	s := &memorySubscription{bus: m, channel: channel, handler: h}
	// Deliveries under way hold the old slice: never write into it.
	c.subs = append(slices.Clone(c.subs), s)
	return s, nil
}

// Close ends all subscriptions and waits for handlers under way. It returns nil.
func (m *Memory) Close() error {
	m.mu.Lock()
	m.closed = true
	for _, c := range m.channels {
		for _, s := range c.subs {
			s.closed.Store(true)
		}
	}
	m.channels = nil
	m.mu.Unlock()
	m.handling.Wait()
	return nil
}

// A memoryChannel lets one goroutine at a time run handlers, so that they see
// one order.
type memoryChannel struct {
	subs []*memorySubscription // guarded by Memory.mu, copied on write

	mu     sync.Mutex // guards what follows
	busy   bool       // somebody runs handlers
	queue  []delivery // what waits for them
	queued int        // bytes in queue
}

// enter reports whether the caller is to handle d. If somebody is at it already,
// d waits, with a copy of its payload because Publish returns before its turn.
func (c *memoryChannel) enter(d delivery) (first bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.busy {
		c.busy = true
		return true, nil
	}
	if c.queued+len(d.payload)+queuedCost > maxMemoryQueue {
		if n := len(c.queue); n > 0 && c.queue[n-1].gap {
			c.queue[n-1].subs = d.subs // whoever has come since missed this one
		} else {
			c.queue = append(c.queue, delivery{subs: d.subs, gap: true})
		}
		return false, errMemoryFull
	}
	d.payload = slices.Clone(d.payload)
	c.queue = append(c.queue, d)
	c.queued += len(d.payload) + queuedCost
	return false, nil
}

// take returns what waits; if nothing does, the next to enter is first.
func (c *memoryChannel) take() []delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue := c.queue
	c.queue, c.queued = nil, 0
	c.busy = len(queue) > 0
	return queue
}

// leave makes way after a handler that panicked; otherwise take has done it.
func (c *memoryChannel) leave() {
	if p := recover(); p != nil {
		c.mu.Lock()
		c.busy, c.queue, c.queued = false, nil, 0
		c.mu.Unlock()
		panic(p)
	}
}

// A delivery is a payload, or a gap, for those who were subscribed when it came.
type delivery struct {
	subs    []*memorySubscription
	payload []byte
	gap     bool
}

func (d delivery) run() {
	for _, s := range d.subs {
		switch {
		case s.closed.Load():
		case !d.gap:
			s.handler.Message(d.payload)
		case s.handler.Gap != nil:
			s.handler.Gap()
		}
	}
}

type memorySubscription struct {
	bus     *Memory
	channel string
	handler Handler
	closed  atomic.Bool
}

func (s *memorySubscription) Close() {
	if s.closed.Swap(true) {
		return
	}
	m := s.bus
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.channels[s.channel]
	if c == nil {
		return // the bus closed meanwhile
	}
	subs := slices.DeleteFunc(slices.Clone(c.subs), func(o *memorySubscription) bool { return o == s })
	if c.subs = subs; len(subs) == 0 {
		delete(m.channels, s.channel)
	}
}
