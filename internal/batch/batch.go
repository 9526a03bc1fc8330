// Package batch answers many single questions with few calls: while one call is
// under way, the next batch collects.
package batch

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// ErrEnded is what Get returns once the Collector can start no more calls.
var ErrEnded = errors.New("batch: ended")

// Options say how a Collector calls. Call is required.
type Options[K comparable, V any] struct {
	// Call answers a batch of keys, of which no two are the same. A key that is
	// missing from the answer has no value. Its context ends when nobody waits for
	// the answer any more, or with Context.
	Call func(context.Context, []K) (map[K]V, error)
	// Max is how many keys one call gets; of more, several calls are made one
	// after the other. 0 is no limit.
	Max int
	// Context is the parent of the contexts of all calls. Defaults to
	// context.Background().
	Context context.Context
	// Go starts a goroutine, or reports false if none can be started any more.
	// Defaults to the go statement.
	Go func(func()) bool
}

// A Collector answers Get with calls that many share. Its methods may be called
// at the same time from any goroutine.
type Collector[K comparable, V any] struct {
	opts Options[K, V]

	mu      sync.Mutex // guards next, running, the keys of next, and waiting of all groups
	next    *group[K, V]
	running bool
}

// A group is those who share one answer.
type group[K comparable, V any] struct {
	ctx     context.Context // ends when the answer is there, or nobody waits for it
	cancel  context.CancelFunc
	keys    map[K]struct{}
	asked   int // how many have asked
	waiting int // how many of them still wait
	done    chan struct{}
	values  map[K]V // set before done is closed, as is err
	err     error
}

// New returns a Collector.
func New[K comparable, V any](opts Options[K, V]) *Collector[K, V] {
	if opts.Context == nil {
		opts.Context = context.Background()
	}
	if opts.Go == nil {
		opts.Go = func(fn func()) bool { go fn(); return true }
	}
	return &Collector[K, V]{opts: opts}
}

// Get returns the value of key, from a call that began after Get did. found is
// false if the answer has no such key. The error is that of the call, that of ctx,
// or ErrEnded.
//
// After a call for n questions the next one waits, see Pause: a single question is
// answered at once, thousands that come together in few calls. A call that hangs
// holds up those who share it, and nobody else once they have given up.
func (c *Collector[K, V]) Get(ctx context.Context, key K) (value V, found bool, err error) {
	g, ok := c.join(key)
	if !ok {
		return value, false, ErrEnded
	}
	select {
	case <-g.done:
	case <-ctx.Done():
		c.leave(g)
		return value, false, ctx.Err()
	case <-c.opts.Context.Done():
		return value, false, ErrEnded
	}
	if value, found = g.values[key]; found {
		return value, true, nil
	}
	return value, false, g.err
}

// join adds a key to the next batch, and has batches answered if nobody does.
func (c *Collector[K, V]) join(key K) (*group[K, V], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = &group[K, V]{keys: map[K]struct{}{}, done: make(chan struct{})}
		c.next.ctx, c.next.cancel = context.WithCancel(c.opts.Context)
	}
	g := c.next
	g.keys[key] = struct{}{}
	g.asked++
	g.waiting++
	if !c.running {
		if !c.opts.Go(c.run) {
			g.cancel()
			c.next = nil
			return nil, false
		}
		c.running = true
	}
	return g, true
}

// leave gives up waiting for a group's answer.
func (c *Collector[K, V]) leave(g *group[K, V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g.waiting--; g.waiting > 0 {
		return
	}
	g.cancel()
	if c.next == g { // nobody may join it any more
		c.next = nil
	}
}

// run answers batches until none is left.
func (c *Collector[K, V]) run() {
	for {
		c.mu.Lock()
		g := c.next
		c.next, c.running = nil, g != nil
		c.mu.Unlock()
		if g == nil {
			return
		}
		if !c.opts.Go(func() { c.answer(g) }) {
			g.err = ErrEnded
			close(g.done)
			g.cancel()
		}
		<-g.ctx.Done()
		pause := time.NewTimer(Pause(g.asked))
		select {
		case <-pause.C:
		case <-c.opts.Context.Done():
		}
		pause.Stop()
	}
}

// answer makes the calls of a group that nobody joins any more.
func (c *Collector[K, V]) answer(g *group[K, V]) {
	defer g.cancel()
	defer close(g.done)
	keys := slices.Collect(maps.Keys(g.keys))
	limit := c.opts.Max
	if limit <= 0 {
		limit = len(keys)
	}
	g.values = make(map[K]V, len(keys))
	for part := range slices.Chunk(keys, limit) {
		values, err := c.opts.Call(g.ctx, part)
		if err != nil {
			g.err = err
			return
		}
		maps.Copy(g.values, values)
	}
}

// Pause returns how long the call after one for n questions waits while it
// collects: 2 ms for each, 100 ms at most.
func Pause(n int) time.Duration {
	return min(time.Duration(n)*2*time.Millisecond, 100*time.Millisecond)
}
