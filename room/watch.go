package room

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// watchEvery is the gap between looks at the bus.
const watchEvery = 2 * time.Second

// pinger is a bus that can tell whether it hears itself. One that cannot is
// taken to be well.
type pinger interface {
	Ping(context.Context) error
}

var errNotWatched = errors.New("not looked at yet")

// watch looks after the bus until the registry ends. While it is away nobody
// tells us who was put out of a study, so memberships are asked for again as
// often as they would be believed.
func (g *Registry) watch() {
	p, ok := g.opts.Bus.(pinger)
	if !ok {
		return
	}
	g.deaf.Store(&errNotWatched)
	checked := g.now()
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
			checked = g.now()
			g.opts.Log.Warn("the bus is away; other hubs are heard of through the store", "err", err)
		}
		if every := g.opts.MemberCache; every > 0 && g.now().Sub(checked) >= every {
			checked = g.now()
			g.recheckAll()
		}
	}
}

// Ready returns nil while the store and the bus could be reached lately, and else
// what is wrong.
func (g *Registry) Ready() error {
	if !g.stats.storeOK.Load() {
		return fmt.Errorf("store: %w", ErrUnavailable)
	}
	if err := g.deaf.Load(); err != nil {
		return fmt.Errorf("bus: %w", *err)
	}
	return nil
}
