package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/redis/rueidis"

	"github.com/coupchat/coup/bus"
)

// Publish sends msgs in one batch to each server concerned. It waits until the servers have
// them, ctx is done or, if ctx has no deadline, Options.Timeout is over. After an error each
// message may or may not arrive. While the bus closes a frozen connection, a caller may wait
// longer than its deadline. It returns bus.ErrClosed after Close.
func (b *Bus) Publish(ctx context.Context, msgs ...bus.Message) error {
	t, err := b.where()
	if err != nil {
		return err
	}
	if len(msgs) == 0 {
		return nil
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.timeout)
		defer cancel()
	}
	n := b.route(t, msgs[0].Channel)
	if !slices.ContainsFunc(msgs, func(m bus.Message) bool { return b.route(t, m.Channel) != n }) {
		return n.publish(ctx, msgs)
	}
	return b.scatter(ctx, t, msgs)
}

// scatter publishes on several nodes at the same time, on each in order.
func (b *Bus) scatter(ctx context.Context, t *table, msgs []bus.Message) error {
	parts := make(map[*node][]bus.Message)
	for _, m := range msgs {
		n := b.route(t, m.Channel)
		parts[n] = append(parts[n], m)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex // guards first
		first error
	)
	for n, part := range parts {
		wg.Go(func() {
			if err := n.publish(ctx, part); err != nil {
				mu.Lock()
				defer mu.Unlock()
				first = err
			}
		})
	}
	wg.Wait()
	return first
}

// publish sends msgs in one batch. On a nil node it returns errNowhere, on a replica
// errReplica.
func (n *node) publish(ctx context.Context, msgs []bus.Message) error {
	switch {
	case n == nil:
		return errNowhere
	case n.replica.Load():
		return errReplica
	}
	batch := make([]rueidis.Completed, len(msgs))
	for i, m := range msgs {
		// A copy of the payload, because the command may go on after ctx is done.
		payload := string(m.Payload)
		if m.Channel != n.probes.channel && n.bus.sharded(m.Channel) {
			batch[i] = n.client.B().Spublish().Channel(m.Channel).Message(payload).Build()
		} else {
			batch[i] = n.client.B().Publish().Channel(m.Channel).Message(payload).Build()
		}
	}
	for i, r := range n.client.DoMulti(ctx, batch...) {
		if err := r.Error(); err != nil {
			n.bus.suspect()
			if errors.Is(err, rueidis.ErrClosing) && n.bus.isClosing() {
				return bus.ErrClosed
			}
			return fmt.Errorf("publish on %q: %w", msgs[i].Channel, err)
		}
	}
	return nil
}

func (b *Bus) isClosing() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.closing
}
