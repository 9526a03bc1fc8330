package hub

import (
	"context"
	"time"

	"github.com/coupchat/coup/internal/ws"
)

// flushShare is the part of the time for a drain that posts under way may take.
const flushShare = 0.5

// drainFor is how long closing all connections is stretched, so that the clients
// do not come back elsewhere all at once.
const drainFor = time.Second

// Draining reports whether Shutdown has been called: a load balancer should send
// nobody here any more.
func (h *Hub) Draining() bool { return h.draining.Load() }

// Shutdown drains the hub: nobody new is let in, new posts are refused as
// unavailable, what was posted before is stored and acknowledged, every
// connection is closed with 1001. It returns when all are
// gone; when ctx is done before that, the rest are cut off and it returns the
// context's error. The rooms stay open. It may be called once.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.draining.Store(true)
	left := make([]*session, 0, len(h.sessions))
	for s := range h.sessions {
		left = append(left, s)
	}
	if len(left) == 0 {
		h.noteEmpty()
	}
	h.mu.Unlock()

	flush, cancel := part(ctx, flushShare)
	h.rooms.Flush(flush) // what is not stored in time gets no ack; its sender retries
	cancel()
	pace(ctx, left)
	var err error
	select {
	case <-h.empty:
	case <-ctx.Done():
		err = ctx.Err()
		for _, s := range left {
			s.cut()
		}
		<-h.empty
	}
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.end()
	h.poller.Close()
	h.wg.Wait()
	return err
}

// part returns a context that ends when a share of the time left has passed.
func part(ctx context.Context, share float64) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, 5*time.Second)
	}
	return context.WithTimeout(ctx, time.Duration(share*float64(time.Until(deadline))))
}

// pace closes sessions evenly over drainFor; a few are closed at once.
func pace(ctx context.Context, left []*session) {
	const few, steps = 100, 20
	step := max(few, (len(left)+steps-1)/steps)
	for i, s := range left {
		if i > 0 && i%step == 0 {
			select {
			case <-time.After(drainFor / steps):
			case <-ctx.Done():
			}
		}
		s.close(ws.GoingAway, "the server is about to stop")
	}
}
