package hub

import (
	"context"
	"slices"
	"time"

	"github.com/coupchat/coup/internal/ws"
)

// flushShare is the share of Shutdown's time in which posts under way may still be
// stored.
const flushShare = 0.5

// drainFor is over how long Shutdown spreads the closing of many connections, so that
// the clients do not connect to another hub all at once.
const drainFor = time.Second

// Draining reports whether Shutdown has been called. A load balancer should then send
// no more clients.
func (h *Hub) Draining() bool { return h.draining.Load() }

// Shutdown ends the hub. It accepts no more connections and refuses new posts as
// unavailable. Posts that were accepted are stored and acknowledged. Then it closes all
// connections with 1001, and returns when all have ended. If ctx is done before that, it
// cuts the rest and returns the error of ctx. The rooms stay open. A second call returns
// ErrClosed at once.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	again := h.draining.Swap(true)
	left := slices.Clone(h.sessions)
	if len(left) == 0 {
		h.noteEmpty()
	}
	h.mu.Unlock()
	if again {
		return ErrClosed
	}

	flush, cancel := share(ctx, flushShare)
	_ = h.rooms.Flush(flush) // a post that is not stored in time gets no ack; its sender retries
	cancel()
	closeAll(ctx, left)
	var err error
	select {
	case <-h.empty:
	case <-ctx.Done():
		err = ctx.Err()
		for _, s := range left {
			s.mu.Lock()
			s.stream.Close()
			s.mu.Unlock()
		}
		<-h.empty
	}
	h.work.End()
	h.poller.Close()
	h.work.Wait()
	return err
}

// share returns a context that ends after a share of the time that ctx has left, or
// after 5 s if ctx has no deadline.
func share(ctx context.Context, share float64) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, 5*time.Second)
	}
	return context.WithTimeout(ctx, time.Duration(share*float64(time.Until(deadline))))
}

// closeAll closes sessions, a hundred at once or, if there are many, evenly over
// drainFor.
func closeAll(ctx context.Context, sessions []*session) {
	const few, steps = 100, 20
	step := max(few, (len(sessions)+steps-1)/steps)
	for i, s := range sessions {
		if i > 0 && i%step == 0 {
			select {
			case <-time.After(drainFor / steps):
			case <-ctx.Done():
			}
		}
		s.close(ws.GoingAway, "the server is about to stop")
	}
}
