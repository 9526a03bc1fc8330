package poll_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// A peer that has sent what nobody read still gets everything, and then the end.
func TestAFinishedStreamIsReadToItsEnd(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		ours, theirs := k.pair(t)
		o := newOpened()
		h := newHandler(func([]byte) bool {
			<-o.ready
			o.Write([]byte("bye"))
			o.Finish()
			return true
		})
		open(p, ours, nil, h, o)
		theirs.SetDeadline(time.Now().Add(patience))
		for range 100 { // a reset would destroy what the peer has not read yet
			if _, err := theirs.Write(bytes.Repeat([]byte("x"), 1<<10)); err != nil {
				t.Fatalf("write: %v", err)
			}
		}
		if got, err := io.ReadAll(theirs); string(got) != "bye" || err != nil {
			t.Errorf("read %q, %v; want what was written, and the end", got, err)
		}
		theirs.Close()
		h.waitGone(t)
		if _, err := o.Write([]byte("late")); err == nil {
			t.Error("a finished stream takes more")
		}
	})
}

func TestAFinishedStreamDoesNotWaitForEver(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		ours, theirs := k.pair(t)
		defer theirs.Close()
		o := newOpened()
		h := newHandler(func([]byte) bool { return true })
		open(p, ours, nil, h, o)
		o.Finish()
		h.waitGone(t)
	})
}

// A peer that shuts its side down right behind a request gets the answer.
func TestAnAnswerFollowsTheEndOfThePeer(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		for range 50 {
			ours, theirs := k.pair(t)
			half, ok := theirs.(*net.TCPConn)
			if !ok {
				return // a pipe has no half
			}
			theirs.SetDeadline(time.Now().Add(patience))
			o := newOpened()
			answer := bytes.Repeat([]byte("answer"), 5_000)
			h := newHandler(func([]byte) bool {
				<-o.ready
				o.Write(answer)
				return true
			})
			open(p, ours, nil, h, o)
			half.Write([]byte("request"))
			half.CloseWrite()
			if got, err := io.ReadAll(half); !bytes.Equal(got, answer) || err != nil {
				t.Fatalf("read %d bytes, %v; want %d", len(got), err, len(answer))
			}
			half.Close()
			h.waitGone(t)
		}
	})
}

// However slowly a peer reads, the handler learns that it does.
func TestALargeWriteMakesProgress(t *testing.T) {
	kinds(t, func(t *testing.T, k kind) {
		p := k.poller(t)
		ours, theirs := k.pair(t)
		if c, ok := ours.(*net.TCPConn); ok {
			c.SetWriteBuffer(32 << 10)
			theirs.(*net.TCPConn).SetReadBuffer(32 << 10)
		}
		h := newHandler(func([]byte) bool { return true })
		s := p.Open(ours, nil, h)
		rest := make([]byte, 1<<20)
		pieces := 0
		for len(rest) > 0 {
			n, err := s.Write(rest)
			if err != nil || n > 256<<10 {
				t.Fatalf("Write took %d bytes at once, %v", n, err)
			}
			rest = rest[n:]
			pieces++
			if len(rest) == 0 {
				break
			}
			io.CopyN(io.Discard, theirs, 64<<10)
			for waiting := true; waiting; {
				select {
				case <-h.writable:
					waiting = false
				default:
					theirs.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
					io.CopyN(io.Discard, theirs, 4<<10)
					theirs.SetReadDeadline(time.Time{})
				}
			}
		}
		if pieces < 4 {
			t.Errorf("1 MiB was taken in %d pieces", pieces)
		}
		theirs.Close()
		h.waitGone(t)
	})
}
