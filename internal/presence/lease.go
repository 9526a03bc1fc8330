package presence

import (
	"time"

	"github.com/coupchat/coup/store"
)

// renewEvery is the gap between renewals of the lease. Three may fail before the
// lease ends.
const renewEvery = store.LeaseTTL / 4

// renew renews the lease, and reports again what the store may have lost.
func (p *Reporter) renew() {
	was := p.leased.Load()
	if p.renewLease() {
		// If the lease had ended, so had all reports of this node. It may have ended
		// although no renewal failed: this process may have been suspended.
		now := wallClock()
		if !was || now.Sub(p.renewed) > store.LeaseTTL {
			p.repeatAll()
		}
		p.renewed = now
	}
	p.repeat()
}

// renewLease makes one call of RenewNode.
func (p *Reporter) renewLease() bool {
	w := p.opts.Work
	ctx, cancel := w.Deadline(w.Context())
	defer cancel()
	err := p.opts.Store.RenewNode(ctx, p.opts.Node, store.LeaseTTL)
	if err != nil && !w.Ended() {
		p.opts.Log.Warn("lease not renewed", "node", p.opts.Node, "err", err)
	}
	if err == nil && !p.leased.Load() && !p.renewed.IsZero() {
		p.opts.Log.Info("the store answers again", "node", p.opts.Node)
	}
	p.leased.Store(err == nil)
	return err == nil
}

// wallClock returns the time without the reading of the monotonic clock, which may
// stand still while a machine sleeps.
func wallClock() time.Time { return time.Now().Round(0) }
