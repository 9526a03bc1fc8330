package room

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// renewEvery is the gap between renewals of this hub's lease. Three may fail
// before the lease is lost.
const renewEvery = store.LeaseTTL / 4

// maxReports is how many reports one call of SetStatus carries.
const maxReports = 1000

// reporter tells the store who is online here, and keeps this hub's lease. What
// could not be told is told later; of several reports on a user only the last
// matters.
type reporter struct {
	reg  *Registry
	wake chan struct{}
	one  chan struct{} // holds whoever is telling the store: reports keep their order

	renewed bool      // the last renewal went well; like last, for run only
	last    time.Time // when one last did, by the wall clock

	mu      sync.Mutex // guards what follows
	pending map[store.UserID]bool
	// doubted are users of whom a report failed: it may still be under way, and be
	// recorded after a newer one. failed is when the last did, and settled how often
	// they were reported again since.
	doubted map[store.UserID]struct{}
	failed  time.Time
	settled int
}

// settleAfter is how long after a report that failed it is made good. Most stores
// have given up by the first; by the second so has the kernel, which sends what lay in
// a connection when the network went again for up to about 100 s.
var settleAfter = []time.Duration{10 * time.Second, 2 * time.Minute}

func (p *reporter) init() {
	p.wake = make(chan struct{}, 1)
	p.one = make(chan struct{}, 1)
	p.pending = map[store.UserID]bool{}
	p.doubted = map[store.UserID]struct{}{}
}

// report notes that a user came or went.
func (p *reporter) report(user store.UserID, online bool) {
	p.mu.Lock()
	p.pending[user] = online
	p.mu.Unlock()
	p.more()
}

// more says that something is pending.
func (p *reporter) more() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run reports and renews until the registry ends.
func (p *reporter) run() {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	p.renewed, p.last = p.renew(), wallClock()
	for failures := 0; ; {
		select {
		case <-tick.C: // before any report, or a slow store might hear of nothing else
			p.beat()
		default:
		}
		var retry <-chan time.Time
		if failures > 0 {
			retry = time.After(backoff(failures))
		}
		wake := p.wake
		if failures > 0 {
			wake = nil
		}
		select {
		case <-p.reg.life.Done():
			return
		case <-tick.C:
			p.beat()
			continue
		case <-wake:
		case <-retry:
		}
		n, err := p.flush(p.reg.life)
		if err != nil {
			if failures == 0 && p.reg.life.Err() == nil {
				p.reg.opts.Log.Warn("presence not reported; trying again", "err", err)
			}
			failures++
			continue
		}
		failures = 0
		if n == maxReports {
			p.more()
		}
		p.reg.sleep(herdPause(n))
	}
}

// beat renews the lease, and has reported again what may have been lost.
func (p *reporter) beat() {
	was := p.renewed
	if p.renewed = p.renew(); p.renewed {
		// The lease may have lapsed, and with it all reports, also if this process
		// slept while others did not.
		now := wallClock()
		if !was || now.Sub(p.last) > store.LeaseTTL {
			p.again()
		}
		p.last = now
	}
	p.settle()
}

// wallClock is the time without the monotonic clock, which stands still while a
// machine sleeps.
func wallClock() time.Time { return time.Now().Round(0) }

func (p *reporter) renew() bool {
	ctx, cancel := p.reg.deadline(p.reg.life)
	defer cancel()
	err := p.reg.store.RenewNode(ctx, p.reg.opts.NodeID, store.LeaseTTL)
	if err != nil && p.reg.life.Err() == nil {
		p.reg.opts.Log.Warn("lease not renewed", "node", p.reg.opts.NodeID, "err", err)
	}
	p.reg.stats.storeOK.Store(err == nil)
	return err == nil
}

// again has everyone who is here reported anew.
func (p *reporter) again() {
	p.reg.users.present(func(id store.UserID) { p.report(id, true) })
}

// settle reports once more on users of whom a report failed, when that is not
// recorded any more.
func (p *reporter) settle() {
	p.mu.Lock()
	if len(p.doubted) == 0 || p.reg.now().Sub(p.failed) < settleAfter[p.settled] {
		p.mu.Unlock()
		return
	}
	doubted := maps.Clone(p.doubted)
	if p.settled++; p.settled == len(settleAfter) {
		p.doubted, p.settled = map[store.UserID]struct{}{}, 0
	}
	p.mu.Unlock()
	p.reg.users.whether(doubted, p.report)
}

// flush tells the store what is pending, in one call, and returns how many reports
// that were. If they are maxReports there may be more.
func (p *reporter) flush(ctx context.Context) (n int, err error) {
	select {
	case p.one <- struct{}{}:
		defer func() { <-p.one }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	reports := p.take()
	if len(reports) == 0 {
		return 0, nil
	}
	call, cancel := p.reg.deadline(ctx)
	defer cancel()
	if err := p.reg.store.SetStatus(call, reports); err != nil {
		p.putBack(reports)
		return 0, err
	}
	return len(reports), nil
}

// flushAll tells the store all that is pending.
func (p *reporter) flushAll(ctx context.Context) error {
	for {
		if n, err := p.flush(ctx); n == 0 || err != nil {
			return err
		}
	}
}

func (p *reporter) take() []store.Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	var reports []store.Status
	for user, online := range p.pending {
		if len(reports) == maxReports {
			break
		}
		reports = append(reports, store.Status{UserID: user, Online: online, NodeID: p.reg.opts.NodeID})
		delete(p.pending, user)
	}
	if len(p.pending) == 0 {
		p.pending = map[store.UserID]bool{} // a map keeps the size it once had
	}
	return reports
}

// putBack keeps reports that were not told, unless there is a newer one.
func (p *reporter) putBack(reports []store.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed, p.settled = p.reg.now(), 0
	for _, r := range reports {
		p.doubted[r.UserID] = struct{}{}
		if _, newer := p.pending[r.UserID]; !newer {
			p.pending[r.UserID] = r.Online
		}
	}
}
