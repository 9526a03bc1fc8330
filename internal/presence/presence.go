// Package presence reports to the store who is online on this hub.
package presence

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/batch"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// maxReports is how many reports one call of SetStatus carries.
const maxReports = 1000

// A Store is the part of a store.Store that keeps presence.
type Store interface {
	SetStatus(ctx context.Context, reports []store.Status) error
	RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error
}

// Options say what a Reporter works with. All fields are required.
type Options struct {
	Store Store
	// Node is the node that reports.
	Node store.NodeID
	// Work ends Run. Its timeout is the deadline of one call of the store.
	Work *work.Group
	Log  *slog.Logger
	// Online calls fn for each user in users, and says whether that user has a connection
	// to this hub. If users is nil, it calls fn for every user with a connection. It must
	// prevent users from connecting and disconnecting until it returns.
	Online func(users map[store.UserID]struct{}, fn func(user store.UserID, online bool))
}

// A Reporter reports users to the store and keeps the lease of its node, which those
// reports need. Of several reports about one user only the last is sent. The methods
// may be called at the same time from any goroutine.
type Reporter struct {
	opts Options
	wake chan struct{}
	one  chan struct{} // holds the sender of a report: reports keep their order

	leased atomic.Bool // the last renewal succeeded
	// renewed is when the last renewal succeeded, by the wall clock. Only Run uses it.
	renewed time.Time

	mu      sync.Mutex // guards what follows
	pending map[store.UserID]bool
	doubted doubts
}

// New returns a Reporter. Call Run to make it work.
func New(opts Options) *Reporter {
	return &Reporter{
		opts:    opts,
		wake:    make(chan struct{}, 1),
		one:     make(chan struct{}, 1),
		pending: map[store.UserID]bool{},
	}
}

// Report notes that a user came online or went offline. It does not wait.
func (p *Reporter) Report(user store.UserID, online bool) {
	p.mu.Lock()
	p.pending[user] = online
	p.mu.Unlock()
	p.wakeUp()
}

// Leased reports whether the last renewal of the lease succeeded.
func (p *Reporter) Leased() bool { return p.leased.Load() }

// wakeUp makes Run send what is pending.
func (p *Reporter) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run sends reports and renews the lease until the work group ends.
func (p *Reporter) Run() {
	var due time.Time // when the lease must be renewed
	for failures := 0; ; {
		if now := time.Now(); !now.Before(due) { // before any report: a slow store might get nothing else
			due = now.Add(renewEvery)
			p.renew()
		}
		wake, retry := p.wake, (<-chan time.Time)(nil)
		if failures > 0 {
			wake, retry = nil, time.After(work.Backoff(failures))
		}
		select {
		case <-p.opts.Work.Context().Done():
			return
		case <-time.After(time.Until(due)):
			continue
		case <-wake:
		case <-retry:
		}
		n, err := p.send(p.opts.Work.Context())
		if err != nil {
			if failures == 0 && !p.opts.Work.Ended() {
				p.opts.Log.Warn("presence not reported; trying again", "err", err)
			}
			failures++
			continue
		}
		failures = 0
		if n == maxReports {
			p.wakeUp() // there may be more
		}
		p.opts.Work.Sleep(batch.Pause(n))
	}
}

// Flush sends everything that is pending. It returns the first error of the store, or
// that of ctx.
func (p *Reporter) Flush(ctx context.Context) error {
	for {
		if n, err := p.send(ctx); n == 0 || err != nil {
			return err
		}
	}
}

// send makes one call of SetStatus with what is pending, and returns the number of
// reports in it.
func (p *Reporter) send(ctx context.Context) (n int, err error) {
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
	call, cancel := p.opts.Work.Deadline(ctx)
	defer cancel()
	if err := p.opts.Store.SetStatus(call, reports); err != nil {
		p.putBack(reports)
		return 0, err
	}
	return len(reports), nil
}

// take removes up to maxReports reports from pending.
func (p *Reporter) take() []store.Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	var reports []store.Status
	for user, online := range p.pending {
		if len(reports) == maxReports {
			break
		}
		reports = append(reports, store.Status{UserID: user, Online: online, NodeID: p.opts.Node})
		delete(p.pending, user)
	}
	if len(p.pending) == 0 {
		p.pending = map[store.UserID]bool{} // a map never shrinks
	}
	return reports
}

// putBack makes reports pending again, except those of users with a newer report.
func (p *Reporter) putBack(reports []store.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doubted.add(reports, time.Now())
	for _, r := range reports {
		if _, newer := p.pending[r.UserID]; !newer {
			p.pending[r.UserID] = r.Online
		}
	}
}

// repeat reports again the users whose reports are in doubt, if it is time.
func (p *Reporter) repeat() {
	p.mu.Lock()
	users := p.doubted.due(time.Now())
	p.mu.Unlock()
	if len(users) > 0 {
		p.opts.Online(users, p.Report)
	}
}

// repeatAll reports everybody who is online.
func (p *Reporter) repeatAll() { p.opts.Online(nil, p.Report) }

// doubts are the users of failed reports. The store may still be working on a failed report,
// and record it after a newer one, which would then be lost. So these users are reported
// again, once for each element of repeatAfter.
type doubts struct {
	users    map[store.UserID]struct{}
	failed   time.Time // when the last report failed
	repeated int       // how often the users were reported again since
}

// repeatAfter says how long after a failed report the same users are reported again, so that
// the newest report is also the last one that the store records. After 10 s most stores have
// stopped working on the failed report. After 2 min the kernel has stopped too: for about
// 100 s after a network failure it sends again what was not acknowledged.
var repeatAfter = []time.Duration{10 * time.Second, 2 * time.Minute}

func (d *doubts) add(reports []store.Status, now time.Time) {
	d.failed, d.repeated = now, 0
	if d.users == nil {
		d.users = map[store.UserID]struct{}{}
	}
	for _, r := range reports {
		d.users[r.UserID] = struct{}{}
	}
}

// due returns the users to report again now. After the last time it forgets them.
func (d *doubts) due(now time.Time) map[store.UserID]struct{} {
	if len(d.users) == 0 || now.Sub(d.failed) < repeatAfter[d.repeated] {
		return nil
	}
	users := maps.Clone(d.users)
	if d.repeated++; d.repeated == len(repeatAfter) {
		*d = doubts{}
	}
	return users
}
