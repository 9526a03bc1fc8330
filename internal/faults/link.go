package faults

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A link is one connection through a proxy.
type link struct {
	proxy      *Proxy
	client     *net.TCPConn
	gone       chan struct{} // closed by reset
	lossy      atomic.Bool   // Heal must reset it
	incomplete atomic.Bool   // bytes were lost: none may pass after them

	mu     sync.Mutex // guards target, over
	target *net.TCPConn
	over   bool
	// left counts the bytes of an answer that may pass; below 0, all. mu guards it too.
	left   int
	answer bool // the answer must be cut
}

func (l *link) reached(target *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		target.Close()
		return false
	}
	l.target = target
	return true
}

func (l *link) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	close(l.gone)
	for _, c := range []*net.TCPConn{l.client, l.target} {
		if c != nil {
			_ = c.SetLinger(0)
			c.Close()
		}
	}
}

// pipe forwards one direction.
func (l *link) pipe(to, from *net.TCPConn, up bool) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && !l.forward(to, b[:n], up) {
			l.reset()
			return
		}
		switch {
		case err == io.EOF:
			if _, ok := l.wait(up); !ok {
				return
			}
			_ = to.CloseWrite() // half-closed connections stay half closed
			return
		case err != nil:
			l.reset()
			return
		}
	}
}

// wait waits until a direction is not stalled, and returns its Way.
func (l *link) wait(up bool) (Way, bool) {
	for {
		l.proxy.mu.Lock()
		way, changed := l.proxy.down, l.proxy.changed
		if up {
			way = l.proxy.up
		}
		l.proxy.mu.Unlock()
		if !way.Stall {
			return way, true
		}
		select {
		case <-changed:
		case <-l.gone:
			return Way{}, false
		}
	}
}

// forward reports whether the connection goes on.
func (l *link) forward(to *net.TCPConn, b []byte, up bool) bool {
	way, ok := l.wait(up)
	if !ok {
		return false
	}
	if way.Drop {
		l.lossy.Store(true)
		l.incomplete.Store(true)
		return true
	}
	if l.incomplete.Load() {
		return false // healed, and not reset yet
	}
	var pause time.Duration
	if way.Delay != nil {
		pause = way.Delay()
	}
	if way.Rate > 0 {
		pause += time.Duration(len(b)) * time.Second / time.Duration(way.Rate)
	}
	if pause > 0 {
		t := time.NewTimer(pause)
		defer t.Stop()
		select {
		case <-t.C:
		case <-l.gone:
			return false
		}
	}
	if up {
		l.match(b)
	} else if n, cut := l.allowed(len(b)); cut {
		_, _ = to.Write(b[:n])
		l.proxy.cuts.Add(1)
		return false
	}
	_, err := to.Write(b)
	return err == nil
}

// match checks whether the answer to this request must be cut.
func (l *link) match(b []byte) {
	l.proxy.mu.Lock()
	cut := l.proxy.cut
	l.proxy.mu.Unlock()
	if cut == nil || !bytes.Contains(b, cut.Match) {
		return
	}
	after := cut.After()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left, l.answer = after, after >= 0
}

// allowed returns how many of the next n bytes of an answer pass, and whether the connection
// ends after them.
func (l *link) allowed(n int) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.answer {
		return n, false
	}
	if n >= l.left {
		return l.left, true
	}
	l.left -= n
	return n, false
}
