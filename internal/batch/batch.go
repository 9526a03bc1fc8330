// Package batch answers many single questions with few calls: while one call is
// under way, the next batch of questions collects.
package batch

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// ErrEnded is the error of Get once the Collector can start no more calls.
var ErrEnded = errors.New("batch: ended")

// Options configure a Collector. Call is required.
type Options[K comparable, V any] struct {
	// Call answers a batch of at least one key, without duplicates. A key that is
	// missing from the answer has no value. The context of Call ends when no Get
	// waits for the answer any more, or with Context. A panic of Call is not
	// recovered. Calls run at the same time if one of them outlasts its context.
	Call func(context.Context, []K) (map[K]V, error)
	// Max is the largest number of keys that one call gets. A larger batch takes
	// several calls, one after the other. 0 is no limit.
	Max int
	// Context is the parent of the contexts of all calls. The Collector ends with
	// it. Defaults to context.Background().
	Context context.Context
	// Go starts a goroutine and reports true, or reports false if the owner of the
	// Collector starts none any more. It must not call the Collector. Defaults to
	// the go statement.
	Go func(func()) bool
}

// A Collector answers Get by calls that many Gets share. Get may be called at the
// same time from any goroutine.
type Collector[K comparable, V any] struct {
	opts Options[K, V]

	mu      sync.Mutex // guards next, running, and keys, asked and waiting of all groups
	next    *group[K, V]
	running bool // whether run is under way or pauses; it answers next in its turn
}

// A group is the Gets that share one answer. Its keys and asked are fixed once it
// is not next any more.
type group[K comparable, V any] struct {
	ctx     context.Context // ends when the answer is there, or no Get waits for it
	cancel  context.CancelFunc
	keys    map[K]struct{}
	asked   int // the number of Gets
	waiting int // the number of Gets that still wait
	done    chan struct{}
	values  map[K]V // set before done is closed, as is err
	err     error
}

// New returns a Collector. It starts no goroutine before the first Get.
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
// or ErrEnded. A batch over Max whose second call fails still has the values of
// the first.
//
// After a batch of n Gets the next batch waits for Pause(n): a single Get is
// answered at once, and thousands at the same time in few calls. A call that hangs
// delays the Gets that share it, and others only until all of those gave up.
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

// join adds key to the next batch, and starts run unless it is under way. It
// reports false if the Collector has ended.
func (c *Collector[K, V]) join(key K) (*group[K, V], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opts.Context.Err() != nil {
		return nil, false
	}
	if !c.running {
		if !c.opts.Go(c.run) { // run waits for mu
			return nil, false
		}
		c.running = true
	}
	if c.next == nil {
		c.next = &group[K, V]{keys: map[K]struct{}{}, done: make(chan struct{})}
		c.next.ctx, c.next.cancel = context.WithCancel(c.opts.Context)
	}
	c.next.keys[key] = struct{}{}
	c.next.asked++
	c.next.waiting++
	return c.next, true
}

// leave takes back one Get that joined g.
func (c *Collector[K, V]) leave(g *group[K, V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g.waiting--; g.waiting > 0 {
		return
	}
	g.cancel()
	if c.next == g { // a later Get must not join a group whose context has ended
		c.next = nil
	}
}

// run answers the next batch, and comes again after a pause until there is none.
func (c *Collector[K, V]) run() {
	c.mu.Lock()
	g := c.next
	c.next, c.running = nil, g != nil
	c.mu.Unlock()
	if g == nil {
		return
	}
	if c.opts.Context.Err() != nil || !c.opts.Go(func() { c.answer(g) }) {
		g.err = ErrEnded
		close(g.done)
		g.cancel()
	}
	<-g.ctx.Done()
	// A timer rather than a sleep: no goroutine outlasts the last answer.
	time.AfterFunc(Pause(g.asked), func() {
		if !c.opts.Go(c.run) {
			c.run() // returns at once, since it can start no call
		}
	})
}

// answer makes the calls for a group that is not next any more.
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

// Pause returns how long a batch collects after the answer to a batch of n Gets:
// 2 ms for each Get, 100 ms at most.
func Pause(n int) time.Duration {
	return min(time.Duration(n)*2*time.Millisecond, 100*time.Millisecond)
}
