package testenv

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Forward is an address that leads to a server, and later to another: what a DNS name, a
// virtual IP or a load balancer does after a failover. Connections that are open stay where
// they are.
type Forward struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu     sync.Mutex // guards what follows
	target string
	conns  map[net.Conn]struct{}
	hole   *atomic.Bool // whether connections that are open now carry nothing any more
	delay  func(first []byte) time.Duration
	closed bool
}

// NewForward leads to target until the test ends.
func NewForward(t testing.TB, target string) *Forward {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Forward{listener: l, target: target, conns: map[net.Conn]struct{}{}, hole: &atomic.Bool{}}
	f.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			f.wg.Go(func() { f.serve(in) })
		}
	})
	t.Cleanup(f.close)
	return f
}

// Addr returns the address.
func (f *Forward) Addr() string { return f.listener.Addr().String() }

// To makes new connections lead to target.
func (f *Forward) To(target string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = target
}

// Hole makes the connections that are open carry nothing any more. They stay open, and new ones
// work.
func (f *Forward) Hole() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hole.Store(true)
	f.hole = &atomic.Bool{}
}

// Cut ends the connections that are open.
func (f *Forward) Cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

// Delay delays what comes from the server on new connections, by as much as delay returns for the
// first bytes of the client.
func (f *Forward) Delay(delay func(first []byte) time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = delay
}

func (f *Forward) serve(in net.Conn) {
	f.mu.Lock()
	target, hole, delay := f.target, f.hole, f.delay
	f.mu.Unlock()
	out, err := net.Dial("tcp", target)
	if err != nil {
		in.Close()
		return
	}
	if !f.track(in, out) {
		return
	}
	var both sync.WaitGroup
	var wait atomic.Int64
	asked := func(b []byte) {
		if delay != nil {
			wait.CompareAndSwap(0, int64(delay(b)))
		}
	}
	both.Go(func() { pipe(out, in, hole, asked) })
	both.Go(func() { pipe(in, out, hole, func([]byte) { <-time.After(time.Duration(wait.Load())) }) })
	both.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, in)
	delete(f.conns, out)
}

// pipe carries bytes until one connection has ended, and then ends the other. It calls before with
// each piece. What comes out of a hole is dropped.
func pipe(to, from net.Conn, hole *atomic.Bool, before func([]byte)) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !hole.Load() {
			before(buf[:n])
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (f *Forward) track(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		if f.closed {
			c.Close()
		} else {
			f.conns[c] = struct{}{}
		}
	}
	return !f.closed
}

func (f *Forward) close() {
	f.listener.Close()
	f.mu.Lock()
	f.closed = true
	for c := range f.conns {
		c.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}
