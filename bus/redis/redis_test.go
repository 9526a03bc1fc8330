package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/bus/bustest"
	"github.com/coupchat/coup/bus/redis"
	"github.com/coupchat/coup/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestBus(t *testing.T) {
	server := testenv.Redis(t)
	bustest.Run(t, func(t *testing.T) (a, b bus.Bus) {
		return open(t, server, redis.Options{}), open(t, server, redis.Options{})
	})
}

func TestNewRefusesWrongOptions(t *testing.T) {
	for _, test := range []struct {
		name string
		o    redis.Options
	}{
		{"no URL", redis.Options{}},
		{"a URL of something else", redis.Options{URL: "http://secret@localhost"}},
		{"a URL that does not parse", redis.Options{URL: "redis://u:secret@local host:1"}},
		{"a database that is no number", redis.Options{URL: "redis://:secret@localhost/zero"}},
		{"a database of a cluster", redis.Options{URL: "redis://:secret@localhost/1?addr=other:1"}},
		{"a socket and an address", redis.Options{URL: "unix:///run/redis?addr=other:1"}},
		{"a socket of a sentinel", redis.Options{URL: "unix:///run/redis?master_set=main"}},
		{"a timeout that nothing can meet", redis.Options{URL: "redis://localhost", Timeout: time.Millisecond}},
		{"a negative queue", redis.Options{URL: "redis://localhost", MaxQueue: -1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := redis.New(test.o)
			if err == nil {
				b.Close()
				t.Fatalf("New(%+v) succeeded", test.o)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("New(%+v) = %v, which tells the password", test.o, err)
			}
		})
	}
}

func open(t testing.TB, server *testenv.RedisServer, o redis.Options) *redis.Bus {
	t.Helper()
	o.URL = server.URL()
	b, err := redis.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// An ear is a subscription that keeps messages and gaps in order.
type ear struct {
	mu    sync.Mutex // guards heard
	heard []string
}

func listen(t testing.TB, b *redis.Bus, channel string) *ear {
	t.Helper()
	e := &ear{}
	_, err := b.Subscribe(channel, bus.Handler{
		Message: func(p []byte) { e.note(string(p)) },
		Gap:     func() { e.note("gap") },
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *ear) note(s string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, s)
}

func (e *ear) count(s string) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.heard {
		if h == s {
			n++
		}
	}
	return n
}

// eventually waits until done returns true, and returns how long that took.
func eventually(t testing.TB, within time.Duration, what string, done func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Since(start) > within {
			t.Fatalf("%s: not within %s", what, within)
		}
		<-tick.C
	}
	return time.Since(start)
}

func publish(ctx context.Context, b *redis.Bus, channel, payload string) error {
	return b.Publish(ctx, bus.Message{Channel: channel, Payload: []byte(payload)})
}

func TestEachConfirmationIsAGap(t *testing.T) {
	b := open(t, testenv.Redis(t), redis.Options{})
	first := listen(t, b, "room")
	eventually(t, 5*time.Second, "gap of the first", func() bool { return first.count("gap") == 1 })
	second := listen(t, b, "room")
	eventually(t, 5*time.Second, "gap of the second", func() bool { return second.count("gap") == 1 })
	if err := publish(t.Context(), b, "room", "hello"); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*ear{first, second} {
		eventually(t, 5*time.Second, "hello", func() bool { return e.count("hello") == 1 })
		if got, want := strings.Join(e.heard, " "), "gap hello"; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}

func TestCloseUnsubscribesOnTheServer(t *testing.T) {
	server := testenv.Redis(t)
	b := open(t, server, redis.Options{})
	var subs []bus.Subscription
	for i := range 1500 { // more than one batch
		s, err := b.Subscribe(fmt.Sprint("room ", i), bus.Handler{Message: func([]byte) {}})
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, s)
	}
	receivers := func() string { return server.Command(t, "PUBLISH probe:none x") + server.Command(t, "PUBSUB CHANNELS") }
	eventually(t, 10*time.Second, "all channels and the bus's own", func() bool { return receivers() == ":0*1501" })
	for _, s := range subs {
		s.Close()
	}
	eventually(t, 10*time.Second, "only the bus's own", func() bool { return receivers() == ":0*1" })
}

func TestAFullQueueIsAGapAndBlocksNobodyElse(t *testing.T) {
	b := open(t, testenv.Redis(t), redis.Options{MaxQueue: 1 << 20})
	entered, proceed := make(chan struct{}), make(chan struct{})
	slow := &ear{}
	var once sync.Once
	_, err := b.Subscribe("slow", bus.Handler{
		Message: func(p []byte) {
			slow.note(string(p[:1]))
			once.Do(func() {
				close(entered)
				<-proceed
			})
		},
		Gap: func() { slow.note("gap") },
	})
	if err != nil {
		t.Fatal(err)
	}
	other := listen(t, b, "other")
	eventually(t, 5*time.Second, "both hold", func() bool { return slow.count("gap") == 1 && other.count("gap") == 1 })
	if err := publish(t.Context(), b, "slow", "a"); err != nil {
		t.Fatal(err)
	}
	<-entered
	large := strings.Repeat("x", 100<<10)
	for range 30 {
		if err := publish(t.Context(), b, "slow", large); err != nil {
			t.Fatalf("Publish while a handler is slow: %v", err)
		}
	}
	if err := b.Ping(t.Context()); err != nil {
		t.Errorf("Ping while a handler is slow = %v, want nil", err)
	}
	late, err := b.Subscribe("late", bus.Handler{Message: func([]byte) {}})
	if err != nil {
		t.Fatal(err)
	}
	late.Close()
	close(proceed)
	for name, e := range map[string]*ear{"slow": slow, "other": other} {
		eventually(t, 5*time.Second, "gap of "+name, func() bool { return e.count("gap") >= 2 })
	}
	if got := slow.count("x"); got == 0 || got >= 30 {
		t.Errorf("%d of 30 messages came through a queue that holds 10", got)
	}
	if err := publish(t.Context(), b, "slow", "end"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "what comes after the overflow", func() bool { return slow.count("e") == 1 })
}

func TestConcurrentCloseWaitsForTheFirst(t *testing.T) {
	b := open(t, testenv.Redis(t), redis.Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { b.Close() })
		wg.Go(func() {
			for {
				err := publish(context.Background(), b, "room", "x")
				if errors.Is(err, bus.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("Publish during Close = %v, want ErrClosed", err)
					return
				}
			}
		})
	}
	wg.Wait()
}
