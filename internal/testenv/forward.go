package testenv

import (
	"io"
	"net"
	"sync"
	"testing"
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
	closed bool
}

// NewForward leads to target until the test ends.
func NewForward(t testing.TB, target string) *Forward {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Forward{listener: l, target: target, conns: map[net.Conn]struct{}{}}
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

func (f *Forward) serve(in net.Conn) {
	f.mu.Lock()
	target := f.target
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
	both.Go(func() { pipe(out, in) })
	both.Go(func() { pipe(in, out) })
	both.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, in)
	delete(f.conns, out)
}

// pipe ends both connections when one has ended.
func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
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
