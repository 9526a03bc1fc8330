package eio

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

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

// beforeNoop is how long a GET waits during a probe. Without a probe the client would wait for
// the next event before it can upgrade. A GET that is answered at once would come again and
// again, and one that comes right after the upgrade would find no stream.
const beforeNoop = 100 * time.Millisecond

// Poll serves a GET.
func (s *Stream) Poll(w http.ResponseWriter, r *http.Request) {
	p := &waiting{changed: make(chan struct{}, 1)}
	if err := s.wait(p); err != nil {
		Fail(w, err)
		return
	}
	s.parked.Add(1)
	defer s.parked.Add(-1)
	noDeadline(w)
	s.h.Writable()
	timer := time.NewTimer(beforeNoop)
	defer timer.Stop()
	passed := false
	for {
		payload, over, ok := s.answer(p, passed)
		if ok {
			s.reply(w, payload, over)
			return
		}
		select {
		case <-p.changed:
		case <-timer.C:
			passed = true
		case <-s.gone:
		case <-r.Context().Done():
			s.end(r.Context().Err())
			return
		}
	}
}

// wait makes p the GET that waits.
func (s *Stream) wait(p *waiting) *Error {
	s.mu.Lock()
	first := s.poll
	switch {
	case s.upgraded:
		s.mu.Unlock()
		return ErrRequest
	case s.ended || s.last || s.left:
		s.mu.Unlock()
		return ErrSID
	case first == nil:
		s.poll, s.unread = p, false
		s.mu.Unlock()
		return nil
	}
	// Two at once is a fault of the client. The first ends the connection.
	s.last, first.over = true, true
	if len(first.payload) == 0 {
		first.payload = []byte(closing)
	}
	first.wake()
	s.mu.Unlock()
	return ErrRequest
}

// answer returns the answer to p, once there is one. over says that it is the last of the
// stream. passed says that p has waited for beforeNoop.
func (s *Stream) answer(p *waiting, passed bool) (payload []byte, over, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	probed := s.probe != nil && s.probe.answered && passed
	switch {
	case len(p.payload) > 0:
	case s.left, s.upgraded, probed:
		p.payload = []byte(noop)
	case s.ended, p.over:
		p.payload = []byte(closing)
	default:
		return nil, false, false
	}
	s.poll = nil
	return p.payload, s.last, true
}

// reply sends an answer to a GET.
func (s *Stream) reply(w http.ResponseWriter, payload []byte, over bool) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(replyTimeout))
	_, err := w.Write(payload)
	if flushed := http.NewResponseController(w).Flush(); err == nil && !errors.Is(flushed, http.ErrNotSupported) {
		err = flushed
	}
	if err != nil || over {
		s.end(err)
	}
}

// replyTimeout bounds the time to write an answer.
const replyTimeout = 30 * time.Second

// noDeadline lets the connection of a request wait for ever: the timeouts of an http.Server are
// for requests that are answered at once.
func noDeadline(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // if it cannot, the server has the timeouts it has
	_ = c.SetWriteDeadline(time.Time{})
}
