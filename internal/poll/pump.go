package poll

import (
	"net"
	"sync"
)

// readSize is how much a pump reads at once.
const readSize = 4 << 10

// A pump is a stream on any net.Conn. One goroutine reads. Another one writes while there is
// something to write.
type pump struct {
	conn   net.Conn
	h      Handler
	wg     *sync.WaitGroup
	resume chan struct{}

	mu      sync.Mutex // guards what follows
	writing bool
	short   bool // a Write has taken less than all since
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
		if n > 0 && !s.deliver(buf[:n]) {
			return
		}
		if err != nil {
			s.h.Gone(err)
			return
		}
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
	if s.writing {
		s.short = true
		return 0, nil
	}
	s.writing = true
	own := append(net.Buffers(nil), bufs...)
	for _, b := range own {
		n += len(b)
	}
	s.wg.Go(func() { s.write(own) })
	return n, nil
}

func (s *pump) write(bufs net.Buffers) {
	if _, err := bufs.WriteTo(s.conn); err != nil {
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
		s.Close()
	}
}

func (s *pump) Resume() {
	select {
	case s.resume <- struct{}{}:
	default:
	}
}

func (s *pump) Finish() {
	s.mu.Lock()
	s.finish = true
	writing := s.writing
	s.mu.Unlock()
	if !writing {
		s.Close()
	}
}

func (s *pump) Close() {
	s.once.Do(func() {
		close(s.closed)
		// On another goroutine: TLS sends close_notify (RFC 8446 section 6.1), and waits up to
		// 5 s if the peer does not read.
		s.wg.Go(func() { s.conn.Close() })
	})
}
