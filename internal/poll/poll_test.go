package poll_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/internal/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 15 * time.Second

// kinds runs a test with each way to serve a stream.
func kinds(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range []kind{
		{"TCP in an epoll set", poll.Options{Workers: 2}, tcpPair},
		{"TCP on goroutines", poll.Options{Goroutines: true}, tcpPair},
		{"pipe", poll.Options{}, func(*testing.T) (net.Conn, net.Conn) { return net.Pipe() }},
	} {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}

type kind struct {
	name string
	opts poll.Options
	pair func(t *testing.T) (ours, theirs net.Conn)
}

func (k kind) poller(t *testing.T) *poll.Poller {
	t.Helper()
	p, err := poll.New(k.opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func tcpPair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	theirs, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// handler records its calls. data returns what Data returns.
type handler struct {
	data     func(p []byte) bool
	writable chan struct{}
	gone     chan error
}

func newHandler(data func(p []byte) bool) *handler {
	return &handler{data, make(chan struct{}, 100), make(chan error, 2)}
}

func (h *handler) Data(p []byte) bool { return h.data(p) }
func (h *handler) Writable()          { h.writable <- struct{}{} }
func (h *handler) Gone(err error)     { h.gone <- err }

func (h *handler) waitGone(t *testing.T) error {
	t.Helper()
	select {
	case err := <-h.gone:
		return err
	case <-time.After(patience):
		t.Fatal("Gone was not called")
		return nil
	}
}

// opened gives a handler its stream: the handler may be called before Open has returned.
type opened struct {
	poll.Stream
	ready chan struct{}
}

func open(p *poll.Poller, conn net.Conn, early []byte, h poll.Handler, o *opened) {
	o.Stream = p.Open(conn, early, h)
	close(o.ready)
}

func newOpened() *opened { return &opened{ready: make(chan struct{})} }

func TestStreamEchoesInOrderEarlyBytesFirst(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		ours, theirs := k.pair(t)
		o := newOpened()
		var mu sync.Mutex
		var queue []byte // guarded by mu
		flush := func() {
			mu.Lock()
			defer mu.Unlock()
			n, _ := o.Write(bytes.Clone(queue))
			queue = queue[n:]
		}
		h := newHandler(func(b []byte) bool {
			<-o.ready
			mu.Lock()
			queue = append(queue, b...)
			mu.Unlock()
			flush()
			return true
		})
		open(p, ours, []byte("early "), h, o)
		done := make(chan struct{})
		defer close(done)
		go func() {
			for {
				select {
				case <-h.writable:
					flush()
				case <-done:
					return
				}
			}
		}()
		want := append([]byte("early "), bytes.Repeat([]byte("0123456789"), 100_000)...)
		go theirs.Write(want[6:])
		theirs.SetReadDeadline(time.Now().Add(patience))
		got := make([]byte, len(want))
		if _, err := io.ReadFull(theirs, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Error("the echo differs")
		}
		theirs.Close()
		if err := h.waitGone(t); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("gone with %v, want an orderly end", err)
		}
	})
}

func TestStreamStopsReadingUntilResume(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		ours, theirs := k.pair(t)
		o := newOpened()
		got := make(chan string)
		h := newHandler(func(b []byte) bool { got <- string(b); return false })
		open(p, ours, nil, h, o)
		for _, word := range []string{"one", "two", "three"} {
			if _, err := theirs.Write([]byte(word)); err != nil {
				t.Fatal(err)
			}
			if received := <-got; received != word {
				t.Errorf("Data(%q), want %q", received, word)
			}
			select {
			case more := <-got:
				t.Errorf("Data(%q) while paused", more)
			default:
			}
			o.Resume()
		}
		theirs.Close()
		h.waitGone(t)
	})
}

func TestStreamGoesOnWhenResumeComesBeforeThePause(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		ours, theirs := k.pair(t)
		o := newOpened()
		got := make(chan string, 10)
		h := newHandler(func(b []byte) bool {
			<-o.ready
			o.Resume()
			got <- string(b)
			return false
		})
		open(p, ours, nil, h, o)
		for _, word := range []string{"one", "two", "three"} {
			if _, err := theirs.Write([]byte(word)); err != nil {
				t.Fatal(err)
			}
			select {
			case received := <-got:
				if received != word {
					t.Errorf("Data(%q), want %q", received, word)
				}
			case <-time.After(patience):
				t.Fatal("the stream stays paused")
			}
		}
		theirs.Close()
		h.waitGone(t)
	})
}

func TestWritableIsCalledWhenThereIsRoom(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		ours, theirs := k.pair(t)
		o := newOpened()
		h := newHandler(func([]byte) bool { return true })
		open(p, ours, nil, h, o)
		block := bytes.Repeat([]byte("x"), 64<<10)
		sent := 0
		for {
			n, err := o.Writev([][]byte{block, block})
			if err != nil {
				t.Fatal(err)
			}
			sent += n
			if n < 2*len(block) {
				break
			}
		}
		if n, err := o.Write(block); n != 0 || err != nil {
			t.Errorf("Write while full took %d, %v", n, err)
		}
		theirs.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.CopyN(io.Discard, theirs, int64(sent)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-h.writable:
		case <-time.After(patience):
			t.Fatal("Writable was not called")
		}
		if n, err := o.Write([]byte("last")); n != 4 || err != nil {
			t.Errorf("Write after Writable took %d, %v", n, err)
		}
		o.Finish()
		rest, _ := io.ReadAll(theirs)
		if string(rest) != "last" {
			t.Errorf("read %q after Finish, want what was written before", rest)
		}
		h.waitGone(t)
		if _, err := o.Write([]byte("x")); err == nil {
			t.Error("Write after the end succeeded")
		}
	})
}

func TestStreamClosesOnceFromAnywhere(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		for _, paused := range []bool{false, true} {
			ours, theirs := k.pair(t)
			o := newOpened()
			reached := make(chan struct{}, 1)
			h := newHandler(func([]byte) bool { reached <- struct{}{}; return !paused })
			open(p, ours, nil, h, o)
			theirs.Write([]byte("x"))
			<-reached
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(o.Close)
			}
			wg.Wait()
			h.waitGone(t)
			o.Close()
			o.Resume()
			theirs.Close()
			select {
			case err := <-h.gone:
				t.Errorf("Gone was called twice: %v", err)
			default:
			}
		}
	})
}

// A lingerer closes slowly, like TLS with a peer that does not read.
type lingerer struct {
	net.Conn
	until chan struct{}
}

func (l lingerer) Close() error {
	<-l.until
	return l.Conn.Close()
}

func TestClosingAStreamDoesNotWaitForItsConnection(t *testing.T) {
	p, err := poll.New(poll.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	ours, theirs := net.Pipe()
	defer theirs.Close()
	until := make(chan struct{})
	h := newHandler(func([]byte) bool { return true })
	stream := p.Open(lingerer{ours, until}, nil, h)
	closed := make(chan struct{})
	go func() {
		stream.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("Close waits for the connection")
	}
	close(until)
	h.waitGone(t)
	<-closed
}

// The system reuses descriptors at once. A stream must not get the events of an earlier stream
// with the same descriptor.
func TestStreamsGetOnlyTheirOwnEvents(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 100 {
					ours, theirs := k.pair(t)
					mine := []byte{byte(g), byte(i)}
					o := newOpened()
					got := make(chan []byte, 4)
					h := newHandler(func(b []byte) bool { got <- bytes.Clone(b); return true })
					open(p, ours, nil, h, o)
					theirs.Write(mine)
					if received := <-got; !bytes.Equal(received, mine) {
						t.Errorf("received %v, want %v", received, mine)
					}
					if i%2 == 0 {
						o.Close()
					} else {
						theirs.Close()
					}
					h.waitGone(t)
					theirs.Close()
				}
			})
		}
		wg.Wait()
	})
}

func TestIdleStreamsNeedNoGoroutines(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // on other systems they do
	}
	p := kind{opts: poll.Options{}}.poller(t)
	before := runtime.NumGoroutine()
	var conns []net.Conn
	var handlers []*handler
	for range 200 {
		ours, theirs := tcpPair(t)
		h := newHandler(func([]byte) bool { return true })
		p.Open(ours, nil, h)
		conns, handlers = append(conns, theirs), append(handlers, h)
	}
	if n := runtime.NumGoroutine(); n > before+10 {
		t.Errorf("200 idle streams need %d goroutines", n-before)
	}
	for i, c := range conns {
		c.Close()
		handlers[i].waitGone(t)
	}
}
