package bustest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/coupchat/coup/bus"
)

func reachesEverySubscription(t *testing.T, a, b bus.Bus) {
	onA, onB := listen(t, a, a, "room"), listen(t, b, a, "room")
	publish(t, a, "room", "from a")
	onA.want(t, "from a")
	onB.want(t, "from a")
	onA.ready(t, b)
	publish(t, b, "room", "from b")
	onA.want(t, "from a", "from b")
	onB.want(t, "from a", "from b")
}

func keepsOrder(t *testing.T, a, b bus.Bus) {
	onA, onB := listen(t, a, a, "room"), listen(t, b, a, "room")
	var want []string
	for i := range 500 {
		want = append(want, fmt.Sprint("message ", i))
		publish(t, a, "room", want[i])
	}
	onA.want(t, want...)
	onB.want(t, want...)
}

func keepsBatchOrder(t *testing.T, a, b bus.Bus) {
	const channels, each = 5, 100
	var ls []*listener
	for c := range channels {
		ls = append(ls, listen(t, b, a, fmt.Sprint("room ", c)))
	}
	var batch []bus.Message
	want := make([][]string, channels)
	for i := range each {
		for c := range channels {
			payload := fmt.Sprint(c, " ", i)
			want[c] = append(want[c], payload)
			batch = append(batch, bus.Message{Channel: ls[c].channel, Payload: []byte(payload)})
		}
	}
	if err := a.Publish(t.Context(), batch...); err != nil {
		t.Fatalf("Publish of %d messages: %v", len(batch), err)
	}
	for c, l := range ls {
		l.want(t, want[c]...)
	}
}

func separatesChannels(t *testing.T, a, b bus.Bus) {
	names := []string{
		"a", "ab", "a?", "a*", "*", "?", "[ab]", "a b", " a", "A", "a:b", "a.b", "a.>", "a/b", "a/#",
		"", "채널", "a\r\nb", "a\x00b", `a\*`, strings.Repeat("long", 1000),
	}
	var ls []*listener
	for _, name := range names {
		ls = append(ls, listen(t, b, a, name))
	}
	for _, name := range names {
		publish(t, a, name, "for "+name)
	}
	for i, name := range names {
		ls[i].want(t, "for "+name)
	}
}

func carriesAnyBytes(t *testing.T, a, b bus.Bus) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	large := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(large)
	payloads := []string{
		string(all), "", "\r\n", "*3\r\n$7\r\nPUBLISH", "\xff\xfe", `{"text":"안녕 👋"}`, string(large), "last",
	}
	l := listen(t, b, a, "room")
	for _, p := range payloads {
		buf := []byte(p)
		if err := a.Publish(t.Context(), bus.Message{Channel: "room", Payload: buf}); err != nil {
			t.Fatalf("Publish of %s: %v", brief(p), err)
		}
		clear(buf) // the caller may reuse a payload after Publish
	}
	l.want(t, payloads...)
	if err := a.Publish(t.Context(), bus.Message{Channel: "room"}); err != nil {
		t.Fatalf("Publish of a nil payload: %v", err)
	}
	l.want(t, append(payloads, "")...)
	if err := a.Publish(t.Context()); err != nil {
		t.Errorf("Publish of nothing = %v, want nil", err)
	}
}

func callsOneAtATime(t *testing.T, a, b bus.Bus) {
	l := listen(t, b, a, "room")
	const publishers, each = 8, 50
	var running sync.Mutex
	count := 0 // not guarded by a lock, for the race detector to check
	done := make(chan struct{})
	s, err := b.Subscribe("room", bus.Handler{Message: func(payload []byte) {
		if string(payload) == probe {
			return
		}
		if !running.TryLock() {
			t.Error("two calls of one handler at the same time")
			return
		}
		defer running.Unlock()
		if count++; count == publishers*each {
			close(done)
		}
	}})
	if err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
	defer s.Close()
	second := listen(t, b, a, "room") // subscribed later: when it is active, s is too
	var wg sync.WaitGroup
	for p := range publishers {
		from := a
		if p%2 == 1 {
			from = b
		}
		wg.Go(func() {
			for i := range each {
				if err := from.Publish(t.Context(), bus.Message{Channel: "room", Payload: fmt.Append(nil, p, " ", i)}); err != nil {
					t.Errorf("Publish: %v", err)
				}
			}
		})
	}
	wg.Wait()
	await(t, done, "all messages on one handler")

	// Messages of different publishers may arrive in any order, but all
	// subscriptions get the same order, and that of each publisher is kept.
	want := l.first(t, publishers*each)
	second.want(t, want...)
	next := make(map[string]int)
	for _, m := range want {
		p, i, _ := strings.Cut(m, " ")
		if got := fmt.Sprint(next[p]); got != i {
			t.Fatalf("publisher %s: message %s came, want %s", p, i, got)
		}
		next[p]++
	}
}
