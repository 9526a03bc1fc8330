package relay

import (
	"errors"
	"time"

	"github.com/coupchat/coup/bus"
)

// watchEvery is the gap between two pings of the bus.
const watchEvery = 2 * time.Second

// errNotChecked is the error before the first ping.
var errNotChecked = errors.New("not checked yet")

// Watch pings the bus until the work group ends. It returns at once if the bus is no
// bus.Pinger.
func (r *Relay) Watch() {
	p, ok := r.opts.Bus.(bus.Pinger)
	if !ok {
		return
	}
	r.busErr.Store(&errNotChecked)
	for again := true; again; again = r.opts.Work.Sleep(watchEvery) {
		ctx, cancel := r.opts.Work.Deadline(r.opts.Work.Context())
		err := p.Ping(ctx)
		cancel()
		before := r.busErr.Load()
		if err == nil {
			r.busErr.Store(nil)
			if before != nil && before != &errNotChecked {
				r.opts.Log.Info("the bus answers again")
			}
			continue
		}
		r.busErr.Store(&err)
		if before == nil || before == &errNotChecked {
			r.opts.Log.Warn("the bus does not answer; messages of other hubs are read from the store", "err", err)
		}
	}
}

// BusErr returns the error of the last ping. It is nil if the bus is no bus.Pinger.
func (r *Relay) BusErr() error {
	if err := r.busErr.Load(); err != nil {
		return *err
	}
	return nil
}
