package bustest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
)

// first waits until n messages have arrived and returns the first n.
func (l *listener) first(t testing.TB, n int) []string {
	t.Helper()
	if !l.wait(timeout, func() bool { return len(l.got) >= n }) {
		t.Fatalf("%q did not get %d messages in %s", l.channel, n, timeout)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.got[:n]...)
}

// await waits until done is closed; what says who closes it.
func await(t testing.TB, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(timeout):
		t.Fatalf("%s did not get there in %s", what, timeout)
	}
}

func severalSubscriptions(t *testing.T, a, b bus.Bus) {
	var ls []*listener
	for range 10 {
		ls = append(ls, listen(t, b, a, "room"))
	}
	publish(t, a, "room", "one")
	for _, l := range ls {
		l.want(t, "one")
	}
	for _, l := range ls[1:] {
		l.Close()
	}
	publish(t, a, "room", "two")
	ls[0].want(t, "one", "two")
	for _, l := range ls[1:] {
		l.want(t, "one")
	}
}

func stopsWhenClosed(t *testing.T, a, b bus.Bus) {
	l, other := listen(t, b, a, "room"), listen(t, b, a, "other")
	l.Close()
	l.Close() // allowed
	publish(t, a, "room", "too late")
	publish(t, a, "other", "in time")
	other.want(t, "in time")
	l.wantNone(t)
}

// subscribesAgain publishes each message until it arrives. One publication is not
// enough: the first message that a new subscription gets may still come from the
// subscription before, and messages after it may be lost. The bus calls Gap then.
func subscribesAgain(t *testing.T, a, b bus.Bus) {
	for i := range 20 {
		l := subscribe(t, b, "room")
		l.publishUntilReceived(t, a, fmt.Sprint(i))
		l.Close()
	}
	l := subscribe(t, b, "room")
	for range 50 { // faster than any server answers
		next := subscribe(t, b, "room")
		l.Close()
		l = next
		l.Close()
		l = subscribe(t, b, "room")
	}
	l.publishUntilReceived(t, a, "at the end")
}

// publishUntilReceived publishes text on from until l has got it.
func (l *listener) publishUntilReceived(t testing.TB, from bus.Bus, text string) {
	t.Helper()
	for deadline := time.Now().Add(timeout); ; {
		_ = from.Publish(t.Context(), bus.Message{Channel: l.channel, Payload: []byte(text)})
		if l.wait(50*time.Millisecond, func() bool { return slices.Contains(l.got, text) }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q did not get %q in %s", l.channel, text, timeout)
		}
	}
}

func manyChannels(t *testing.T, a, b bus.Bus) {
	const n, workers = 1000, 8
	ls := make([]*listener, n)
	each := func(f func(i int)) {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < n; i += workers {
					f(i)
				}
			})
		}
		wg.Wait()
	}
	each(func(i int) {
		l := &listener{channel: fmt.Sprint("room ", i), changed: make(chan struct{})}
		s, err := b.Subscribe(l.channel, bus.Handler{Message: l.message})
		if err != nil {
			t.Errorf("Subscribe(%q): %v", l.channel, err)
			return
		}
		l.Subscription, ls[i] = s, l
	})
	if t.Failed() {
		return
	}
	each(func(i int) {
		if i%2 == 1 {
			ls[i].Close()
		}
	})
	batch := make([]bus.Message, n)
	for i, l := range ls {
		if i%2 == 0 {
			l.ready(t, a)
		}
		batch[i] = bus.Message{Channel: l.channel, Payload: []byte(l.channel)}
	}
	if err := a.Publish(t.Context(), batch...); err != nil {
		t.Fatalf("Publish on %d channels: %v", n, err)
	}
	for i, l := range ls {
		if i%2 == 0 {
			l.want(t, l.channel)
		}
	}
	for i, l := range ls {
		if i%2 == 1 {
			l.want(t)
		}
	}
	each(func(i int) { ls[i].Close() })
}

func handlerClosesItself(t *testing.T, a, b bus.Bus) {
	other := listen(t, b, a, "room")
	var mu sync.Mutex // guards s: the handler may be called before Subscribe has returned
	var s bus.Subscription
	calls := 0
	done := make(chan struct{})
	mu.Lock()
	s, err := b.Subscribe("room", bus.Handler{Message: func([]byte) {
		mu.Lock()
		defer mu.Unlock()
		s.Close()
		if calls++; calls == 1 {
			close(done)
		}
	}})
	mu.Unlock()
	if err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
	publish(t, a, "room", "one", "two", "three")
	await(t, done, "the handler that closes itself")
	publish(t, a, "room", "four")
	other.want(t, "one", "two", "three", "four")
	mu.Lock()
	defer mu.Unlock()
	if calls != 1 {
		t.Errorf("a handler that closed its subscription was called %d times, want 1", calls)
	}
}

func handlerUsesBus(t *testing.T, a, b bus.Bus) {
	echo := listen(t, b, a, "echo")
	var once sync.Once
	inner := make(chan bus.Subscription, 1)
	first := &listener{channel: "room", changed: make(chan struct{})}
	s, err := b.Subscribe("room", bus.Handler{Message: func(payload []byte) {
		first.message(payload)
		if string(payload) != "call" {
			return
		}
		once.Do(func() {
			// On its own channel, where Publish must not wait for this handler, and
			// on another. Outside tests a handler must not publish: that may wait
			// for the network.
			msgs := []bus.Message{{Channel: "room", Payload: []byte("again")}, {Channel: "echo", Payload: []byte("call")}}
			if err := b.Publish(t.Context(), msgs...); err != nil {
				t.Errorf("Publish in a handler: %v", err)
			}
			s, err := b.Subscribe("new", bus.Handler{Message: func([]byte) {}})
			if err != nil {
				t.Errorf("Subscribe in a handler: %v", err)
				return
			}
			inner <- s
		})
	}})
	if err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
	defer s.Close()
	first.ready(t, a)
	publish(t, a, "room", "call")
	first.want(t, "call", "again")
	echo.want(t, "call")
	(<-inner).Close()
}
