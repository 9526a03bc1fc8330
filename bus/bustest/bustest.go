// Package bustest tests an implementation of bus.Bus against the documentation of
// that interface.
package bustest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
)

const (
	// timeout is how long a test waits for a message that must arrive.
	timeout = 20 * time.Second
	// quiet is how long a test waits for a message that must not arrive.
	quiet = 100 * time.Millisecond
)

// Run runs all tests, each as a subtest. For each it calls open, which returns two
// buses, a and b, that are connected as those of two processes are. For a bus
// within one process, a and b are the same value.
//
// Run closes a and b. For everything else that open starts it may register a
// t.Cleanup. The subtests run one after the other and take up to 20 s each if a
// message does not arrive.
func Run(t *testing.T, open func(t *testing.T) (a, b bus.Bus)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, a, b bus.Bus)
	}{
		{"reaches every subscription, in its own process too", reachesEverySubscription},
		{"keeps the order of a channel", keepsOrder},
		{"keeps the order of a batch over several channels", keepsBatchOrder},
		{"keeps channels with similar names apart", separatesChannels},
		{"does not change payloads", carriesAnyBytes},
		{"delivers to several subscriptions of one channel", severalSubscriptions},
		{"stops after the subscription is closed", stopsWhenClosed},
		{"delivers to a new subscription after one was closed", subscribesAgain},
		{"subscribes and unsubscribes many channels at once", manyChannels},
		{"allows a handler to close its own subscription", handlerClosesItself},
		{"allows a handler to publish and subscribe", handlerUsesBus},
		{"calls the functions of one subscription one at a time", callsOneAtATime},
		{"does not publish with a cancelled context", refusesCancelled},
		{"returns ErrClosed after Close", refusesAfterClose},
		{"waits for running handlers in Close", closeWaitsForHandlers},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := open(t)
			t.Cleanup(func() {
				closeBus(t, a)
				closeBus(t, b)
			})
			test.run(t, a, b)
		})
	}
}

func closeBus(t testing.TB, b bus.Bus) {
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// A listener is a subscription that records the messages it gets.
type listener struct {
	bus.Subscription
	channel string

	mu      sync.Mutex    // guards what follows
	got     []string      // in order of arrival, without probes
	probes  int           // how many probes have arrived
	changed chan struct{} // closed and replaced at each message
}

// probe is a payload that a test publishes until one arrives: Subscribe does not
// wait until the subscription is active.
const probe = "\x00bustest probe"

// listen subscribes to channel on b and waits until a message that from publishes
// arrives.
func listen(t testing.TB, b, from bus.Bus, channel string) *listener {
	t.Helper()
	l := subscribe(t, b, channel)
	l.ready(t, from)
	return l
}

func subscribe(t testing.TB, b bus.Bus, channel string) *listener {
	t.Helper()
	l := &listener{channel: channel, changed: make(chan struct{})}
	s, err := b.Subscribe(channel, bus.Handler{Message: l.message})
	if err != nil {
		t.Fatalf("Subscribe(%q): %v", channel, err)
	}
	l.Subscription = s
	return l
}

func (l *listener) message(payload []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if string(payload) == probe {
		l.probes++
	} else {
		l.got = append(l.got, string(payload))
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// ready publishes probes until one arrives.
func (l *listener) ready(t testing.TB, from bus.Bus) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		// A bus that is still connecting may return an error.
		_ = from.Publish(t.Context(), bus.Message{Channel: l.channel, Payload: []byte(probe)})
		if l.wait(50*time.Millisecond, func() bool { return l.probes > 0 }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no probe on %q arrived in %s", l.channel, timeout)
		}
	}
}

// wait waits until done returns true and reports whether that happened within d.
// It holds l.mu when it calls done.
func (l *listener) wait(d time.Duration, done func() bool) bool {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	for {
		l.mu.Lock()
		ok, changed := done(), l.changed
		l.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timeout.C:
			return false
		}
	}
}

// want waits until as many messages have arrived as it is given, and checks that
// they are these, in this order.
func (l *listener) want(t testing.TB, want ...string) {
	t.Helper()
	l.wait(timeout, func() bool { return len(l.got) >= len(want) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.got) != len(want) {
		t.Fatalf("%q got %d messages, want %d: %.80q", l.channel, len(l.got), len(want), l.got)
	}
	for i := range want {
		if l.got[i] != want[i] {
			t.Fatalf("message %d on %q = %s, want %s", i, l.channel, brief(l.got[i]), brief(want[i]))
		}
	}
}

// wantNone waits a short time and checks that no message has arrived.
func (l *listener) wantNone(t testing.TB) {
	t.Helper()
	if l.wait(quiet, func() bool { return len(l.got) > 0 }) {
		t.Errorf("%q got %s, want nothing", l.channel, brief(l.got[0]))
	}
}

func brief(s string) string {
	return fmt.Sprintf("%.40q (%d bytes)", s, len(s))
}

func publish(t testing.TB, b bus.Bus, channel string, payloads ...string) {
	t.Helper()
	msgs := make([]bus.Message, len(payloads))
	for i, p := range payloads {
		msgs[i] = bus.Message{Channel: channel, Payload: []byte(p)}
	}
	if err := b.Publish(t.Context(), msgs...); err != nil {
		t.Fatalf("Publish on %q: %v", channel, err)
	}
}
