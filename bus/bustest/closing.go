package bustest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/coupchat/coup/bus"
)

func refusesCancelled(t *testing.T, a, b bus.Bus) {
	l := listen(t, b, a, "room")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := a.Publish(ctx, bus.Message{Channel: "room", Payload: []byte("cancelled")})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Publish with a cancelled context = %v, want context.Canceled", err)
	}
	publish(t, a, "room", "after") // the bus still works
	l.want(t, "after")
}

func refusesAfterClose(t *testing.T, a, b bus.Bus) {
	l := listen(t, a, a, "room")
	closeBus(t, a)
	closeBus(t, a) // allowed
	l.Close()
	if _, err := a.Subscribe("room", bus.Handler{Message: func([]byte) {}}); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Subscribe after Close = %v, want ErrClosed", err)
	}
	err := a.Publish(t.Context(), bus.Message{Channel: "room", Payload: []byte("late")})
	if !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Publish after Close = %v, want ErrClosed", err)
	}
	l.wantNone(t)
}

func closeWaitsForHandlers(t *testing.T, a, b bus.Bus) {
	l := listen(t, b, a, "ready")
	entered, proceed := make(chan struct{}), make(chan struct{})
	var returned atomic.Bool
	blocking := false // used by the handler only
	_, err := b.Subscribe("room", bus.Handler{Message: func([]byte) {
		if blocking {
			return
		}
		blocking = true
		close(entered)
		<-proceed
		returned.Store(true)
	}})
	if err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	published := make(chan struct{})
	go func() { // ends when entered is closed or ctx is cancelled
		defer close(published)
		for ctx.Err() == nil && !errors.Is(a.Publish(ctx, bus.Message{Channel: "room", Payload: []byte("x")}), bus.ErrClosed) {
			select {
			case <-entered:
				return
			default:
			}
		}
	}()
	await(t, entered, "the slow handler")
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		closeBus(t, b)
		if !returned.Load() {
			t.Error("Close returned while a handler was running")
		}
	}()
	// Subscribe returns an error as soon as Close has begun.
	for {
		s, err := b.Subscribe("other", bus.Handler{Message: func([]byte) {}})
		if err != nil {
			break
		}
		s.Close()
	}
	select {
	case <-closed:
		t.Error("Close did not wait for the handler")
	default:
	}
	close(proceed)
	await(t, closed, "Close")
	cancel()
	await(t, published, "the publisher")
	l.wantNone(t)
}
