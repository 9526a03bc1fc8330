package redis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup/bus/redis"
	"github.com/coupchat/coup/internal/testenv"
)

// recovers checks that e receives a published message within the time, and a gap before it.
func recovers(t *testing.T, b *redis.Bus, e *ear, gaps int, within time.Duration) {
	t.Helper()
	took := eventually(t, within, "a gap after the outage", func() bool { return e.count("gap") > gaps })
	eventually(t, within, "Ping", func() bool { return b.Ping(t.Context()) == nil })
	if err := publish(t.Context(), b, "room", "after"); err != nil {
		t.Fatalf("Publish after the outage: %v", err)
	}
	eventually(t, within, "message after the outage", func() bool { return e.count("after") > 0 })
	t.Logf("the subscription held again after %s", took.Round(time.Millisecond))
}

func held(t *testing.T, b *redis.Bus) *ear {
	t.Helper()
	e := listen(t, b, "room")
	eventually(t, 5*time.Second, "subscription", func() bool { return e.count("gap") == 1 })
	return e
}

func TestBusRecoversFromKilledServer(t *testing.T) {
	server := testenv.Redis(t)
	b := open(t, server, redis.Options{})
	e := held(t, b)
	for range 3 {
		gaps := e.count("gap")
		server.Kill(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		start := time.Now()
		eventually(t, time.Second, "error of Publish without a server", func() bool { return publish(ctx, b, "room", "lost") != nil })
		cancel()
		if took := time.Since(start); took > 1500*time.Millisecond {
			t.Errorf("Publish took %s to fail, its deadline was 1s", took)
		}
		if err := b.Ping(t.Context()); err == nil {
			t.Error("Ping without a server = nil")
		}
		late := listen(t, b, "late") // does not wait for the network
		server.Restart(t)
		recovers(t, b, e, gaps, 5*time.Second)
		eventually(t, 5*time.Second, "what was subscribed during the outage", func() bool { return late.count("gap") > 0 })
	}
}

func TestBusNoticesFrozenServer(t *testing.T) {
	server := testenv.Redis(t)
	b := open(t, server, redis.Options{})
	e := held(t, b)
	gaps := e.count("gap")
	server.Stop(t)
	thaw := time.After(6 * time.Second)
	start := time.Now()
	if err := publish(t.Context(), b, "room", "frozen"); err == nil {
		t.Error("Publish to a frozen server = nil")
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("Publish to a frozen server took %s, want at most 4s", took)
	}
	if err := b.Ping(t.Context()); err == nil {
		t.Error("Ping of a frozen server = nil")
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			start := time.Now()
			if err := publish(ctx, b, "room", "frozen"); err == nil {
				t.Error("Publish to a frozen server = nil")
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("one of many publishes to a frozen server took %s", took)
			}
		})
	}
	wg.Wait()
	<-thaw
	server.Continue(t)
	recovers(t, b, e, gaps, 5*time.Second)
}

func TestBusSubscribesAgainAfterOnlyThatConnectionIsCut(t *testing.T) {
	server := testenv.Redis(t)
	b := open(t, server, redis.Options{})
	e := held(t, b)
	if got := server.Command(t, "CLIENT KILL TYPE pubsub"); got != ":1" {
		t.Fatalf("CLIENT KILL = %q, want :1, one subscribing connection", got)
	}
	if err := publish(t.Context(), b, "other", "x"); err != nil {
		t.Errorf("Publish while the subscribing connection is gone = %v, want nil", err)
	}
	recovers(t, b, e, 1, 2*time.Second)
}

func TestBusLeavesAServerThatIsNotTheMasterAnyMore(t *testing.T) {
	// As after a failover: new connections reach another server, and the old subscribing
	// connection stays open to the old one.
	before, after := testenv.Redis(t), testenv.Redis(t)
	proxy := newProxy(t, before.Addr())
	b, err := redis.New(redis.Options{URL: "redis://" + proxy.addr(), Timeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	e := held(t, b)
	proxy.target.Store(after.Addr())
	before.Command(t, "CLIENT KILL TYPE normal")
	recovers(t, b, e, 1, 10*time.Second)
	if got := after.Command(t, "PUBSUB NUMSUB room"); !strings.HasPrefix(got, "*2") {
		t.Errorf("PUBSUB NUMSUB = %q", got)
	}
}

func TestNewDoesNotNeedTheServer(t *testing.T) {
	server := testenv.Redis(t)
	server.Kill(t)
	b := open(t, server, redis.Options{})
	e := listen(t, b, "room")
	if err := b.Ping(t.Context()); err == nil {
		t.Error("Ping without a server = nil")
	}
	server.Restart(t)
	recovers(t, b, e, 0, 5*time.Second)
}

func TestCloseDoesNotNeedTheServer(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		t.Run(fmt.Sprintf("frozen is %t", frozen), func(t *testing.T) {
			server := testenv.Redis(t)
			b := open(t, server, redis.Options{})
			held(t, b)
			if frozen {
				server.Stop(t)
			} else {
				server.Kill(t)
			}
			start := time.Now()
			b.Close()
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("Close took %s", took)
			}
		})
	}
}

// A proxy forwards each new connection to the address in target.
type proxy struct {
	l      net.Listener
	target atomic.Value // string
	wg     sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns []net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l}
	p.target.Store(target)
	p.wg.Go(p.serve)
	t.Cleanup(func() {
		p.l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) serve() {
	for {
		in, err := p.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		out, err := net.Dial("tcp", p.target.Load().(string))
		if err != nil {
			in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		p.mu.Unlock()
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			p.wg.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				pair[0].Close()
			})
		}
	}
}
