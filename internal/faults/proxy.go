package faults

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Way is what a Proxy does to one direction of its connections.
type Way struct {
	// Stall holds everything back until it ends, like a short network partition.
	Stall bool
	// Drop loses everything. Connections that lost something are reset by Heal.
	Drop bool
	// Delay returns the delay of each piece of data; nil is none. It may be called at the
	// same time from several goroutines.
	Delay func() time.Duration
	// Rate bounds the bytes per second of each connection. 0 is no bound.
	Rate int
}

// A Cut ends connections in the middle of an answer.
type Cut struct {
	// Match is a part of the request whose answer is cut.
	Match []byte
	// After returns how many bytes of the answer pass, or -1 for all. It may be called at
	// the same time from several goroutines.
	After func() int
}

// A Proxy forwards connections between two parts of a deployment, and fails on demand. Its
// methods may be called from any goroutine.
type Proxy struct {
	listener net.Listener
	cuts     atomic.Int64
	wg       sync.WaitGroup

	mu       sync.Mutex // guards what follows
	target   string
	changed  chan struct{}
	up, down Way // towards the target, and back
	refuse   bool
	cut      *Cut
	links    map[*link]struct{}
	closed   bool
}

// NewProxy listens on a loopback port and forwards to target until Close.
func NewProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, changed: make(chan struct{}), links: map[*link]struct{}{}}
	p.wg.Go(p.accept)
	return p, nil
}

// Addr returns the address of the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cuts returns how many answers have been cut.
func (p *Proxy) Cuts() int64 { return p.cuts.Load() }

// Set changes what happens to each direction of all connections, also of those that are
// open.
func (p *Proxy) Set(up, down Way) { p.set(func() { p.up, p.down = up, down }) }

// To makes new connections lead to another target. Those that are open stay.
func (p *Proxy) To(target string) { p.set(func() { p.target = target }) }

// Refuse resets new connections.
func (p *Proxy) Refuse(refuse bool) { p.set(func() { p.refuse = refuse }) }

// CutAnswers cuts answers from now on; nil ends it.
func (p *Proxy) CutAnswers(c *Cut) { p.set(func() { p.cut = c }) }

// Heal forwards everything again, and resets the connections that have lost something.
func (p *Proxy) Heal() {
	p.set(func() { p.up, p.down, p.refuse, p.cut = Way{}, Way{}, false, nil })
	for _, l := range p.open() {
		if l.lossy.Load() {
			l.reset()
		}
	}
}

// Reset ends all connections with a RST.
func (p *Proxy) Reset() {
	for _, l := range p.open() {
		l.reset()
	}
}

// HalfClose closes the direction back to the callers. What they send still arrives.
func (p *Proxy) HalfClose() {
	for _, l := range p.open() {
		l.lossy.Store(true)
		_ = l.client.CloseWrite()
	}
}

// Close resets all connections and waits for all goroutines.
func (p *Proxy) Close() {
	p.set(func() { p.closed = true })
	p.listener.Close()
	p.Reset()
	p.wg.Wait()
}

func (p *Proxy) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Proxy) open() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	links := make([]*link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	return links
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(c.(*net.TCPConn)) })
	}
}

func (p *Proxy) serve(client *net.TCPConn) {
	l := &link{proxy: p, client: client, gone: make(chan struct{})}
	p.mu.Lock()
	refuse, addr := p.refuse || p.closed, p.target
	if !refuse {
		p.links[l] = struct{}{}
	}
	p.mu.Unlock()
	defer l.reset()
	if refuse {
		return
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, l)
	}()
	target, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil || !l.reached(target.(*net.TCPConn)) {
		return
	}
	var pipes sync.WaitGroup
	pipes.Go(func() { l.pipe(l.target, l.client, true) })
	pipes.Go(func() { l.pipe(l.client, l.target, false) })
	pipes.Wait()
}
