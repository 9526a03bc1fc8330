package relay

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// A slow bus takes a while for each Publish; below 0, for ever.
type slow struct {
	bus.Bus
	takes time.Duration
}

func (s slow) Publish(ctx context.Context, msgs ...bus.Message) error {
	var done <-chan time.Time
	if s.takes >= 0 {
		done = time.After(s.takes)
	}
	select {
	case <-done:
		return s.Bus.Publish(ctx, msgs...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, slow{newBus(t), -1}, "hub-1")
		large := []store.Message{message("s1", 1, strings.Repeat("x", 1<<20))}
		const all = 40
		for range all {
			r.Publish(large)
			synctest.Wait()
		}
		r.mu.Lock()
		waiting, size := len(r.waiting), r.size
		r.mu.Unlock()
		// One is under way, as many wait as the queue takes, and the others are counted.
		if want := maxQueue >> 20; waiting > want || waiting < want-1 || size > maxQueue {
			t.Errorf("%d wait with %d bytes, want about %d", waiting, size, want)
		}
		if n := r.Unpublished(); n != int64(all-waiting-1) {
			t.Errorf("Unpublished = %d, want %d", n, all-waiting-1)
		}
		time.Sleep(3 * time.Second) // no Publish is answered
		synctest.Wait()
		if n := r.Unpublished(); n != all {
			t.Errorf("Unpublished = %d after all calls have failed, want %d", n, all)
		}
	})
}

func TestDrainWaitsForTheBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t)
		one, two := start(t, slow{b, 500 * time.Millisecond}, "hub-1"), start(t, b, "hub-2")
		rec := receive(t, two, "s1")
		if err := one.Drain(t.Context()); err != nil {
			t.Errorf("Drain of an empty queue = %v", err)
		}
		one.Publish([]store.Message{message("s1", 1, "under way")})
		synctest.Wait()
		one.Publish([]store.Message{message("s1", 2, "queued")})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := one.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain = %v, want the error of its context", err)
		}
		if err := one.Drain(t.Context()); err != nil {
			t.Errorf("Drain = %v", err)
		}
		rec.expect(t, 1, 2)
	})
}
