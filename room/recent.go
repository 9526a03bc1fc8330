package room

import (
	"context"
	"time"

	"github.com/coupchat/coup/store"
)

// priming is one read of a study's newest messages, for all who wait for it.
type priming struct {
	done chan struct{}
	err  error // set before done is closed
}

// prime has the room remember as many messages as a join replays. When a herd
// comes back to a hub that has just started, its joins share one read.
func (r *room) prime(ctx context.Context) error {
	var p *priming
	r.call(func() {
		if p = r.priming; p != nil {
			return
		}
		p = &priming{done: make(chan struct{})}
		r.priming = p
		if !r.reg.background(func() { r.readRecent(p) }) {
			r.priming, p.err = nil, ErrClosed
			close(p.done)
		}
	})
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *room) readRecent(p *priming) {
	msgs, err := r.reg.history(store.Query{StudyID: r.study, Newest: true, Limit: r.reg.opts.MaxReplay})
	r.do(func() {
		if err == nil {
			r.remember(msgs)
			r.primed = r.reg.now()
		}
		r.priming, p.err = nil, err
		close(p.done)
	})
}

// keepPrimed is how long a room remembers all that a join replays, once one has
// asked for it. A herd is back by then; a silent room would keep it for ever.
const keepPrimed = 30 * time.Second

// trim forgets what nobody is likely to ask for any more, when there is twice as
// much as is kept.
func (r *room) trim() {
	n, keep := len(r.recent), keepRecent
	if n < 2*keep {
		return
	}
	if r.reg.now().Sub(r.primed) <= keepPrimed {
		keep = max(keep, r.reg.opts.MaxReplay)
	}
	if n >= 2*keep {
		r.recent = append(make([]*Event, 0, 2*keep), r.recent[n-keep:]...)
	}
}

// remember puts messages before the recent ones, if they end where those begin.
func (r *room) remember(msgs []store.Message) {
	begin := r.head - int64(len(r.recent)) + 1
	for len(msgs) > 0 && msgs[len(msgs)-1].Seq >= begin {
		msgs = msgs[:len(msgs)-1]
	}
	older := make([]*Event, len(msgs), len(msgs)+len(r.recent))
	for i, m := range msgs {
		if m.Seq != begin-int64(len(msgs)-i) {
			return // a hole: what is remembered has none
		}
		older[i] = &Event{Kind: NewMessage, Message: m.Public()}
	}
	r.recent = append(older, r.recent...)
}
