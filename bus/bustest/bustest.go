// Package bustest holds what every bus.Bus must do, as tests.
package bustest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
)

// patience is how long a test waits for what must come, quiet how long it
// listens for what must not.
const (
	patience = 20 * time.Second
	quiet    = 100 * time.Millisecond
)

// Run tests the bus that open returns. Its two ends speak to each other as two
// processes would; for a bus within one process they are the same. Run closes
// both; open may clean up what is behind them.
func Run(t *testing.T, open func(t *testing.T) (a, b bus.Bus)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, a, b bus.Bus)
	}{
		{"reaches every subscriber, those of its own process too", reachesAll},
		{"keeps the order of a channel", keepsOrder},
		{"keeps the order of a batch over several channels", keepsBatchOrder},
		{"keeps channels apart whatever their names", keepsChannelsApart},
		{"carries payloads byte for byte", carriesBytes},
		{"serves several subscriptions of one channel", servesSeveral},
		{"stops after the subscription is closed", stopsAfterClose},
		{"holds again after closing and subscribing anew", holdsAnew},
		{"subscribes and unsubscribes many channels at once", manyChannels},
		{"lets a handler close its own subscription", closesItself},
		{"lets a handler publish and subscribe", handlerUsesBus},
		{"calls the functions of one subscription one at a time", oneAtATime},
		{"refuses a cancelled context", refusesCancelled},
		{"refuses everything after Close", refusesAfterClose},
		{"waits for handlers in Close", closeWaits},
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

// A listener is a subscription that remembers what came.
type listener struct {
	bus.Subscription
	channel string

	mu      sync.Mutex // guards got, probes, gaps
	got     []string   // in order, without probes
	probes  int
	changed chan struct{} // closed and replaced at each message
}

// probe is published until one arrives, because Subscribe does not wait.
const probe = "\x00bustest probe"

// listen subscribes to channel on b and waits until what from publishes arrives.
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
	deadline := time.Now().Add(patience)
	for {
		// A bus that is still connecting may refuse: that is what we wait for.
		_ = from.Publish(t.Context(), bus.Message{Channel: l.channel, Payload: []byte(probe)})
		if l.wait(50*time.Millisecond, func() bool { return l.probes > 0 }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no probe on %q arrived in %s", l.channel, patience)
		}
	}
}

// wait reports whether done, called under l.mu, came true within d.
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

// want waits until exactly these messages have come, in this order.
func (l *listener) want(t testing.TB, want ...string) {
	t.Helper()
	l.wait(patience, func() bool { return len(l.got) >= len(want) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.got) != len(want) {
		t.Fatalf("%q brought %d messages, want %d: %.80q", l.channel, len(l.got), len(want), l.got)
	}
	for i := range want {
		if l.got[i] != want[i] {
			t.Fatalf("message %d on %q = %s, want %s", i, l.channel, brief(l.got[i]), brief(want[i]))
		}
	}
}

// wantNone listens a little while for what must not come.
func (l *listener) wantNone(t testing.TB) {
	t.Helper()
	if l.wait(quiet, func() bool { return len(l.got) > 0 }) {
		t.Errorf("%q brought %s, want nothing", l.channel, brief(l.got[0]))
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
