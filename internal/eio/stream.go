package eio

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/coupchat/coup/internal/poll"
)

// A Stream is a connection by HTTP long-polling. The client keeps one GET waiting, which is
// answered as soon as there is something to send, and sends with POSTs.
type Stream struct {
	h poll.Handler
	// limit returns how long the body of a POST may be, now. 0 and below: no limit.
	limit func() int
	// run calls a function on another goroutine.
	run func(func())
	// parked counts the GETs that wait.
	parked *atomic.Int64
	gone   chan struct{} // closed when the stream has ended

	mu       sync.Mutex    // guards what follows
	poll     *waiting      // the GET that waits, or nil
	posting  bool          // a POST has come that is not answered
	busy     chan struct{} // closed when the packets of the last POST have been handled, then nil
	posted   string        // the mark of the last POST
	got      string        // the mark of the last GET that was answered
	answered []byte        // its answer, until the next GET comes
	unread   bool          // there is something to send, and no GET to take it
	noticed  chan struct{} // closed when unread becomes true, if not nil
	probe    *Probe        // the WebSocket of an upgrade, or nil
	upgraded bool          // the connection goes on over a WebSocket
	late     *Probe        // its upgrade, if it came while busy was set
	last     bool          // nothing is written any more
	left     bool          // the client has closed the connection
	ended    bool
}

// waiting is a GET that waits for its answer.
type waiting struct {
	mark    string
	payload []byte
	over    bool          // it must be answered now, whatever there is
	changed chan struct{} // gets a value when something has changed
}

func (p *waiting) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// NewStream returns a stream. limit returns how long the body of a POST may be at this moment; 0
// and below is no limit. run calls a function on another goroutine. parked counts the GETs that
// wait, of all streams.
func NewStream(h poll.Handler, limit func() int, run func(func()), parked *atomic.Int64) *Stream {
	return &Stream{h: h, limit: limit, run: run, parked: parked, gone: make(chan struct{})}
}

var _ poll.Stream = (*Stream)(nil)

// Write takes whole frames while a GET waits, see poll.Stream.
func (s *Stream) Write(b []byte) (n int, err error) { return s.Writev([][]byte{b}) }

// Writev does as Write.
func (s *Stream) Writev(bufs [][]byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended || s.last || s.upgraded:
		return 0, net.ErrClosed
	case s.left: // nobody reads it
		for _, b := range bufs {
			n += len(b)
		}
		return n, nil
	case s.poll == nil: // the next one brings Writable
		s.unread = true
		if s.noticed != nil {
			close(s.noticed)
			s.noticed = nil
		}
		return 0, nil
	}
	for _, b := range bufs {
		m, all := s.write(b)
		if n += m; !all {
			break
		}
	}
	s.poll.wake()
	return n, nil
}

// write adds frames to the answer of the GET that waits.
func (s *Stream) write(b []byte) (n int, all bool) {
	payload, n, end := take(s.poll.payload, b)
	if end && len(payload) == 0 {
		// A client that gets the end of the connection together with events handles it first:
		// it would get the events again, by recovery.
		payload, n, s.last = []byte(closing), len(b), true
	}
	s.poll.payload = payload
	return n, n == len(b)
}

// Resume ends the pause that began when Data returned false. See poll.Stream.
func (s *Stream) Resume() { s.resume() }

// resume notes that the packets of the last POST have been handled. It reports false if that has
// been noted before.
func (s *Stream) resume() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == nil {
		return false
	}
	close(s.busy)
	s.busy = nil
	if p := s.late; p != nil {
		p.waits = false
		s.run(func() {
			if p.goOn() {
				p.socket().Resume()
			}
		})
	}
	return true
}

// Finish ends the stream once what Write has taken is sent. See poll.Stream.
func (s *Stream) Finish() {
	s.mu.Lock()
	s.last = true
	p := s.poll
	if p != nil {
		p.over = true
		p.wake()
	}
	s.mu.Unlock()
	if p == nil {
		s.end(nil)
	}
}

// Close ends the stream now. See poll.Stream.
func (s *Stream) Close() { s.end(net.ErrClosed) }

// end ends the stream, once.
func (s *Stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.upgraded {
		return
	}
	s.ended = true
	close(s.gone)
	if s.probe != nil {
		s.probe.drop()
	}
	s.run(func() { s.h.Gone(err) })
}
