package poll

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// readSize is how much a pump reads at once.
const readSize = 4 << 10

// pieceSize is how much a pump writes at once. After each piece the handler learns that the
// peer reads, however slowly.
const pieceSize = 64 << 10

// lastWrite bounds the time to write what was under way when the peer shut down its side.
const lastWrite = 5 * time.Second

// A pump is a stream on any net.Conn. One goroutine reads. Another one writes while there is
// something to write.
type pump struct {
	conn   net.Conn
	h      Handler
	wg     *sync.WaitGroup
	resume chan struct{}
	// discard says that what arrives is discarded.
	discard atomic.Bool

	mu      sync.Mutex // guards what follows
	writing bool
	done    chan struct{} // closed when the last write and the Writable after it have ended
	short   bool          // a Write has taken less than all since
	finish  bool
	closed  chan struct{}
	once    sync.Once
}

func (p *Poller) pump(conn net.Conn, early []byte, h Handler) Stream {
	s := &pump{conn: conn, h: h, wg: &p.wg, resume: make(chan struct{}, 1), closed: make(chan struct{})}
	p.wg.Go(func() { s.read(early) })
	return s
}

func (s *pump) read(early []byte) {
	defer s.Close()
	if len(early) > 0 && !s.deliver(early) {
		return
	}
	buf := make([]byte, readSize)
	for {
		n, err := s.conn.Read(buf)
		if n > 0 && !s.discard.Load() && !s.deliver(buf[:n]) {
			return
		}
		clear(buf[:n]) // what is deleted later must not stay in the buffer
		if err != nil {
			s.endWrite()
			s.h.Gone(err)
			return
		}
	}
}

// endWrite waits until what the handler has to write is written: the peer may still read the
// answers to what it has sent last.
func (s *pump) endWrite() {
	var waited chan struct{}
	for {
		s.mu.Lock()
		done := s.done
		s.mu.Unlock()
		if done == waited {
			return
		}
		if waited == nil {
			_ = s.conn.SetWriteDeadline(time.Now().Add(lastWrite)) // without it a write ends with the connection
		}
		<-done
		waited = done
	}
}

// deliver calls Data, and waits while the stream is paused. If the stream is closed meanwhile,
// it calls Gone and reports false.
func (s *pump) deliver(data []byte) bool {
	if s.h.Data(data) {
		return true
	}
	select {
	case <-s.resume:
		return true
	case <-s.closed:
		s.h.Gone(net.ErrClosed)
		return false
	}
}

func (s *pump) Write(b []byte) (n int, err error) { return s.Writev([][]byte{b}) }

func (s *pump) Writev(bufs [][]byte) (n int, err error) {
	select {
	case <-s.closed:
		return 0, net.ErrClosed
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.finish:
		return 0, net.ErrClosed
	case s.writing:
		s.short = true
		return 0, nil
	}
	var piece net.Buffers
	for _, b := range bufs {
		if len(b) > pieceSize-n {
			s.short = true
			b = b[:pieceSize-n]
		}
		if len(b) > 0 {
			piece = append(piece, b)
			n += len(b)
		}
	}
	done := make(chan struct{})
	s.writing, s.done = true, done
	s.wg.Go(func() { s.write(piece, done) })
	return n, nil
}

func (s *pump) write(piece net.Buffers, done chan struct{}) {
	if _, err := piece.WriteTo(s.conn); err != nil {
		s.Close() // the goroutine that reads then calls Gone
	}
	s.mu.Lock()
	s.writing = false
	short, finish := s.short, s.finish
	s.short = false
	s.mu.Unlock()
	if short {
		s.h.Writable()
	} else if finish {
		s.shutWrite()
	}
	close(done)
}

func (s *pump) Resume() {
	select {
	case s.resume <- struct{}{}:
	default:
	}
}

func (s *pump) Finish() {
	s.mu.Lock()
	again := s.finish
	s.finish = true
	writing := s.writing
	s.mu.Unlock()
	if !writing && !again {
		s.shutWrite()
	}
}

// shutWrite shuts the write side down, if the connection can, and closes it a while later.
func (s *pump) shutWrite() {
	s.discard.Store(true)
	c, ok := s.conn.(interface{ CloseWrite() error })
	if !ok {
		s.Close()
		return
	}
	time.AfterFunc(lingering, s.Close)
	s.wg.Go(func() {
		if c.CloseWrite() != nil {
			s.Close()
		}
	})
}

func (s *pump) Close() {
	s.once.Do(func() {
		close(s.closed)
		// On another goroutine: TLS sends close_notify (RFC 8446 section 6.1), and waits up to
		// 5 s if the peer does not read.
		s.wg.Go(func() { s.conn.Close() })
	})
}
