package faults

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// echo answers every line with itself, in capitals, until the test ends.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				lines := bufio.NewScanner(c)
				for lines.Scan() {
					_, _ = io.WriteString(c, strings.ToUpper(lines.Text())+"\n")
				}
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// A client is connected to the echo server through the proxy.
type client struct {
	net.Conn
	t *testing.T
}

func call(t *testing.T, p *Proxy) client {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return client{c, t}
}

func (c client) write(line string) { _, _ = io.WriteString(c, line+"\n") }

// reads reads n bytes within wait.
func (c client) reads(n int, wait time.Duration) (string, error) {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		c.t.Fatal(err)
	}
	b := make([]byte, n)
	got, err := io.ReadFull(c, b)
	return string(b[:got]), err
}

func (c client) wants(text string) {
	c.t.Helper()
	if got, err := c.reads(len(text), 5*time.Second); got != text || err != nil {
		c.t.Errorf("received %q (%v), want %q", got, err, text)
	}
}

// silent is how long nothing must arrive to count as silence.
const silent = 50 * time.Millisecond

func (c client) wantsSilence() {
	c.t.Helper()
	if got, err := c.reads(1, silent); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("received %q (%v), want silence", got, err)
	}
}

func (c client) wantsEnd(text string) {
	c.t.Helper()
	if got, err := c.reads(len(text)+1, 5*time.Second); got != text || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("received %q (%v), want %q and the end", got, err, text)
	}
}

func TestProxy(t *testing.T) {
	tests := map[string]func(*Proxy, client){
		"forwards": func(_ *Proxy, c client) { c.write("a"); c.wants("A\n") },
		"stalls one direction and brings it later": func(p *Proxy, c client) {
			p.Set(Way{}, Way{Stall: true})
			c.write("a")
			c.wantsSilence()
			p.Heal()
			c.wants("A\n")
		},
		"resets what lost something": func(p *Proxy, c client) {
			p.Set(Way{Drop: true}, Way{})
			c.write("a")
			c.wantsSilence()
			p.Heal()
			c.wantsEnd("")
		},
		"cuts the answers to what matches": func(p *Proxy, c client) {
			p.CutAnswers(&Cut{Match: []byte("cut"), After: func() int { return 2 }})
			c.write("whole")
			c.wants("WHOLE\n")
			c.write("cut me")
			c.wantsEnd("CU")
			if p.Cuts() != 1 {
				c.t.Errorf("%d cuts, want 1", p.Cuts())
			}
		},
		"resets": func(p *Proxy, c client) { c.write("a"); c.wants("A\n"); p.Reset(); c.wantsEnd("") },
		"refuses": func(p *Proxy, c client) {
			c.write("a") // so that the proxy has accepted the connection
			c.wants("A\n")
			p.Refuse(true)
			// The reset may be there before Dial returns.
			if other, err := net.Dial("tcp", p.Addr()); err == nil {
				defer other.Close()
				client{other, c.t}.wantsEnd("")
			}
			c.write("b")
			c.wants("B\n")
		},
		"closes half":            func(p *Proxy, c client) { c.write("a"); c.wants("A\n"); p.HalfClose(); c.wantsEnd("") },
		"lets a client end well": func(_ *Proxy, c client) { c.write("a"); _ = c.Conn.(*net.TCPConn).CloseWrite(); c.wantsEnd("A\n") },
		"delays": func(p *Proxy, c client) {
			p.Set(Way{}, Way{Delay: func() time.Duration { return 4 * silent }})
			c.write("a")
			c.wantsSilence()
			c.wants("A\n")
		},
		"slows down": func(p *Proxy, c client) {
			p.Set(Way{}, Way{Rate: 10})
			c.write("a")
			c.wantsSilence()
			c.wants("A\n")
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := NewProxy(echo(t))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			test(p, call(t, p))
		})
	}
}
