package room

import (
	"context"
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

	mu      sync.Mutex // guards what follows
	pending map[UserID]bool
	// doubted are users of whom a report failed: it may still be under way, and be
	// recorded after a newer one. failed is when the last did.
	doubted map[UserID]struct{}
	failed  time.Time
}

// settleAfter is how long a report that failed may still be recorded: stores give
// up before.
const settleAfter = 10 * time.Second

func (p *reporter) init() {
	p.wake = make(chan struct{}, 1)
	p.one = make(chan struct{}, 1)
	p.pending = map[UserID]bool{}
	p.doubted = map[UserID]struct{}{}
}

// report notes that a user came or went.
func (p *reporter) report(user UserID, online bool) {
	p.mu.Lock()
	p.pending[user] = online
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run reports and renews until the registry ends.
func (p *reporter) run() {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	renewed := p.renew()
	for failures := 0; ; {
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
			if p.renew() {
				if !renewed {
					p.again() // the lease may have lapsed, and with it all reports
				}
				renewed = true
			} else {
				renewed = false
			}
			p.settle()
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
		p.reg.sleep(herdPause(n))
	}
}

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
	p.reg.users.present(func(id UserID) { p.report(id, true) })
}

// settle reports once more on users of whom a report failed, when that cannot be
// recorded any more.
func (p *reporter) settle() {
	p.mu.Lock()
	doubted := p.doubted
	if len(doubted) == 0 || p.reg.now().Sub(p.failed) < settleAfter {
		p.mu.Unlock()
		return
	}
	p.doubted = map[UserID]struct{}{}
	p.mu.Unlock()
	p.reg.users.whether(doubted, p.report)
}

// flush tells the store all that is pending, and returns how many reports it told.
func (p *reporter) flush(ctx context.Context) (n int, err error) {
	select {
	case p.one <- struct{}{}:
		defer func() { <-p.one }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for {
		reports := p.take()
		if len(reports) == 0 {
			return n, nil
		}
		call, cancel := p.reg.deadline(ctx)
		err := p.reg.store.SetStatus(call, reports)
		cancel()
		if err != nil {
			p.putBack(reports)
			return n, err
		}
		n += len(reports)
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
		p.pending = map[UserID]bool{} // a map keeps the size it once had
	}
	return reports
}

// putBack keeps reports that were not told, unless there is a newer one.
func (p *reporter) putBack(reports []store.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = p.reg.now()
	for _, r := range reports {
		p.doubted[r.UserID] = struct{}{}
		if _, newer := p.pending[r.UserID]; !newer {
			p.pending[r.UserID] = r.Online
		}
	}
}
