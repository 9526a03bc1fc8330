package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// maxMemoryQueue is the size limit of one channel's queue, in bytes. A queue gets
// this long only if the handlers stay slower than the publishers.
const maxMemoryQueue = 16 << 20

// queuedCost is what a queued message counts in addition to its payload, in bytes.
const queuedCost = 64

var errMemoryFull = errors.New("its handlers are too slow, messages were dropped")

// Memory is a Bus within one process. Create it with NewMemory.
//
// Publish calls the handlers itself. All subscriptions of a channel see its
// messages in the same order. While handlers of a channel run, messages that
// other goroutines or the handlers publish on it go to a queue; the Publish call
// that is running the handlers delivers them before it returns. So handlers may
// publish, subscribe and close subscriptions. They must not call Memory.Close.
//
// Memory loses no message and reports no Gap, with one exception: if the queue of
// a channel would exceed 16 MiB, Publish drops the message, returns an error, and
// the channel's subscriptions get a Gap in its place.
type Memory struct {
	mu       sync.RWMutex // guards closed, channels and their subs
	closed   bool
	channels map[string]*memoryChannel

	handling sync.WaitGroup // counts the Publish calls that run handlers
}

var _ Bus = (*Memory)(nil)

// NewMemory returns an empty bus.
func NewMemory() *Memory {
	return &Memory{channels: make(map[string]*memoryChannel)}
}

// Publish calls the handlers of each message's channel, or adds the message to
// the channel's queue if another call is running them. It returns ErrClosed after
// Close, ctx's error if ctx is done before it starts, and an error if it dropped
// a message because a queue was full.
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

// handle runs d, and then the channel's queue until it is empty.
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

// Subscribe calls h.Message for each message that is published on channel from
// now on. It returns ErrClosed after Close.
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
	// A delivery that is running holds the old slice, so the slice is copied.
	c.subs = append(slices.Clone(c.subs), s)
	return s, nil
}

// Close ends all subscriptions and waits for the handlers that are running. It
// returns nil.
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

// A memoryChannel lets one goroutine at a time run handlers. This gives all
// handlers the same order of messages.
type memoryChannel struct {
	subs []*memorySubscription // guarded by Memory.mu, copied on write

	mu     sync.Mutex // guards what follows
	busy   bool       // a goroutine is running handlers
	queue  []delivery // deliveries for that goroutine
	queued int        // bytes in queue
}

// enter reports whether the caller must run d. If another goroutine is running
// handlers already, enter puts d into the queue instead. The queue keeps a copy of
// the payload, because Publish returns before the copy is delivered.
func (c *memoryChannel) enter(d delivery) (first bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.busy {
		c.busy = true
		return true, nil
	}
	if c.queued+len(d.payload)+queuedCost > maxMemoryQueue {
		if n := len(c.queue); n > 0 && c.queue[n-1].gap {
			c.queue[n-1].subs = d.subs // later subscriptions missed this message too
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

// take empties the queue and returns it. If it was empty, the next call of enter
// makes its caller run the handlers.
func (c *memoryChannel) take() []delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue := c.queue
	c.queue, c.queued = nil, 0
	c.busy = len(queue) > 0
	return queue
}

// leave empties the queue and resets busy after a handler panicked. Without a
// panic, take has done this.
func (c *memoryChannel) leave() {
	if p := recover(); p != nil {
		c.mu.Lock()
		c.busy, c.queue, c.queued = false, nil, 0
		c.mu.Unlock()
		panic(p)
	}
}

// A delivery is a payload or a gap for the subscriptions that existed when the
// message was published.
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
		return // the bus was closed
	}
	subs := slices.DeleteFunc(slices.Clone(c.subs), func(o *memorySubscription) bool { return o == s })
	if c.subs = subs; len(subs) == 0 {
		delete(m.channels, s.channel)
	}
}
