package relay

import (
	"context"
	"errors"

	"github.com/coupchat/coup/bus"
)

// maxQueue bounds the payloads that wait for the bus, in bytes. More are dropped: the
// other hubs find those messages when they compare heads with the store.
const maxQueue = 32 << 20

// enqueue adds payloads to the queue. One call of the bus publishes everything that
// waits at that time.
func (r *Relay) enqueue(out []bus.Message) {
	r.mu.Lock()
	for _, m := range out {
		if r.size+len(m.Payload) > maxQueue {
			r.unpublished.Add(1)
			continue
		}
		r.size += len(m.Payload)
		r.waiting = append(r.waiting, m)
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes what is queued until the work group ends.
func (r *Relay) Run() {
	for {
		select {
		case <-r.opts.Work.Context().Done():
			return
		case <-r.wake:
		}
		for out := r.next(); len(out) > 0; out = r.next() {
			r.publish(out)
		}
	}
}

// next takes everything from the queue. If that is nothing, Drain returns.
func (r *Relay) next() []bus.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.waiting
	r.waiting, r.size = nil, 0
	r.busy = len(out) > 0
	if !r.busy {
		for _, c := range r.idle {
			close(c)
		}
		r.idle = nil
	}
	return out
}

func (r *Relay) publish(out []bus.Message) {
	ctx, cancel := r.opts.Work.Deadline(r.opts.Work.Context())
	defer cancel()
	if err := r.opts.Bus.Publish(ctx, out...); err != nil && !errors.Is(err, context.Canceled) {
		r.unpublished.Add(int64(len(out)))
		r.opts.Log.Warn("messages not published; other hubs will read them from the store", "payloads", len(out), "err", err)
	}
}

// Drain waits until the queue is empty and no call of the bus is under way, or until
// ctx is done. Run must be running.
func (r *Relay) Drain(ctx context.Context) error {
	r.mu.Lock()
	if len(r.waiting) == 0 && !r.busy {
		r.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	r.idle = append(r.idle, c)
	r.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
