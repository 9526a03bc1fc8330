package room

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coupchat/coup/store"
)

// watchEvery is the gap between looks at the bus.
const watchEvery = 2 * time.Second

// pinger is a bus that can tell whether it hears itself. One that cannot is
// taken to be well.
type pinger interface {
	Ping(context.Context) error
}

var errNotWatched = errors.New("not looked at yet")

// watch looks after the bus until the registry ends.
func (g *Registry) watch() {
	p, ok := g.opts.Bus.(pinger)
	if !ok {
		return
	}
	g.deaf.Store(&errNotWatched)
	for again := true; again; again = g.sleep(watchEvery) {
		ctx, cancel := g.deadline(g.life)
		err := p.Ping(ctx)
		cancel()
		was := g.deaf.Load()
		if err == nil {
			g.deaf.Store(nil)
			continue
		}
		g.deaf.Store(&err)
		if was == nil || was == &errNotWatched {
			g.opts.Log.Warn("the bus is away; other hubs are heard of through the store", "err", err)
		}
	}
}

// Ready returns nil while the store and the bus could be reached lately, and else
// what is wrong.
func (g *Registry) Ready() error {
	if !g.stats.storeOK.Load() {
		return fmt.Errorf("store: %w", store.ErrUnavailable)
	}
	if err := g.deaf.Load(); err != nil {
		return fmt.Errorf("bus: %w", *err)
	}
	return nil
}
