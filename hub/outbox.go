package hub

import (
	"github.com/coupchat/coup/internal/ws"
)

// An outbox is what waits to be sent to one client. It is guarded by the
// session's mutex, which makes it the one writer of its socket. While the socket
// takes what is pushed, nothing is kept.
type outbox struct {
	queue [][]byte
	size  int // bytes in queue
	// spare is how much more than MaxQueue may wait, because the client asked for
	// it: a replay. It lasts until the queue is empty.
	spare int
	full  bool // the socket takes no more until Writable
	last  bool // the connection ends when the queue is empty
}

// push sends a frame, or several in one piece, as far as the socket takes it and
// queues the rest. A queue over its bound closes the session: its client reads
// too slowly, and will recover what it missed from the store.
func (o *outbox) push(s *session, frame []byte) {
	if s.state == ended || o.last {
		return
	}
	if !o.full {
		n, err := s.stream.Write(frame)
		if err != nil || n == len(frame) {
			return // if it failed the stream will say that it is gone
		}
		frame, o.full = frame[n:], true
	}
	o.queue = append(o.queue, frame)
	o.size += len(frame)
	if limit := s.hub.opts.MaxQueue; limit >= 0 && o.size > limit+o.spare && s.state == open {
		s.hub.counts.slow.Add(1)
		o.drop()
		s.closeLocked(ws.TryLater, "the client reads too slowly")
	}
}

// drop forgets what was not begun to be sent: a frame that is half sent must be
// sent to its end.
func (o *outbox) drop() {
	if len(o.queue) == 0 {
		return
	}
	clear(o.queue[1:])
	o.queue = o.queue[:1]
	o.size = len(o.queue[0])
}

// flush writes what the socket takes of the queue.
func (o *outbox) flush(s *session) {
	n, err := s.stream.Writev(o.queue)
	if err != nil {
		o.queue, o.size = nil, 0
		return
	}
	o.size -= n
	for len(o.queue) > 0 && n >= len(o.queue[0]) {
		n -= len(o.queue[0])
		o.queue[0] = nil
		o.queue = o.queue[1:]
	}
	if o.full = len(o.queue) > 0; o.full {
		o.queue[0] = o.queue[0][n:]
		return
	}
	o.queue, o.spare = nil, 0
	if o.last {
		s.stream.Finish()
	}
}

// finish ends the connection once everything is sent.
func (o *outbox) finish(s *session) {
	o.last = true
	if !o.full {
		s.stream.Finish()
	}
}

// Writable goes on after the socket was full.
func (s *session) Writable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != ended && s.out.full {
		s.out.flush(s)
	}
}

// send sends one frame.
func (s *session) send(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open {
		s.out.push(s, frame)
	}
}
