// Package work runs the background work of one owner: its goroutines, the
// context that ends them, and the deadlines of the calls that they make.
package work

import (
	"context"
	"sync"
	"time"
)

// A Group is the background work of one owner. Its methods may be called at the
// same time from any goroutine.
type Group struct {
	ctx     context.Context
	cancel  context.CancelFunc
	timeout time.Duration
	wg      sync.WaitGroup

	mu    sync.RWMutex // guards ended
	ended bool
}

// NewGroup returns a group at work. timeout is the deadline of one call that
// leaves the process, see Deadline; below 0 there is none. End ends the group.
func NewGroup(timeout time.Duration) *Group {
	g := &Group{timeout: timeout}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// Context returns the context that End cancels.
func (g *Group) Context() context.Context { return g.ctx }

// Ended reports whether End was called.
func (g *Group) Ended() bool { return g.ctx.Err() != nil }

// Go runs fn on a goroutine that Wait waits for. Once the group has ended it does
// nothing and reports false.
func (g *Group) Go(fn func()) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.ended {
		g.wg.Go(fn)
	}
	return !g.ended
}

// Deadline returns a context for one call that leaves the process. It ends with
// parent, or after the group's timeout.
func (g *Group) Deadline(parent context.Context) (context.Context, context.CancelFunc) {
	if g.timeout < 0 {
		return context.WithCancel(parent)
	}
	return context.WithTimeout(parent, g.timeout)
}

// Within is Deadline for a call that may take d at most.
func (g *Group) Within(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if g.timeout >= 0 {
		d = min(d, g.timeout)
	}
	return context.WithTimeout(parent, d)
}

// Sleep waits for d. It reports false if the group ended first.
func (g *Group) Sleep(d time.Duration) bool {
	if d <= 0 {
		return !g.Ended()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-g.ctx.Done():
		return false
	}
}

// End cancels the group's context. Go starts nothing from then on.
func (g *Group) End() {
	g.cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
}

// Wait returns when no goroutine of the group runs any more. Call End before.
func (g *Group) Wait() { g.wg.Wait() }

// Backoff returns how long to wait after a number of failures in a row: from 50 ms,
// doubled with each, to 2 s.
func Backoff(failures int) time.Duration {
	return min(25*time.Millisecond<<min(failures, 10), 2*time.Second)
}
