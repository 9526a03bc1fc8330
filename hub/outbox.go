package hub

import (
	"github.com/coupchat/coup/internal/ws"
)

// An outbox is the way to one client. It is guarded by the session's mutex, which
// makes it the one writer of its socket. While the socket takes what is pushed,
// nothing is kept.
type outbox struct {
	*backlog      // nil unless the socket is full
	last     bool // the connection ends when nothing waits any more
}

// A backlog is what waits until the socket takes more.
type backlog struct {
	queue [][]byte
	size  int // bytes in queue
	limit int // bytes that may wait; below 0: any number
}

// push sends a frame, or several in one piece, as far as the socket takes it and
// queues the rest. A queue over its bound closes the session: its client reads
// too slowly, and will recover what it missed from the store.
func (o *outbox) push(s *session, frame []byte) { o.pushReplay(s, frame, false) }

// pushReplay is push for what the client asked to have again, which may wait
// beyond the bound: it is bounded itself, by the number of messages.
func (o *outbox) pushReplay(s *session, frame []byte, replay bool) {
	if s.state == ended || o.last {
		return
	}
	if o.backlog == nil {
		n, err := s.stream.Write(frame)
		if err != nil || n == len(frame) {
			return // if it failed the stream will say that it is gone
		}
		frame, o.backlog = frame[n:], &backlog{limit: s.hub.opts.MaxQueue}
	}
	o.queue = append(o.queue, frame)
	o.size += len(frame)
	if replay && o.limit >= 0 {
		o.limit += len(frame)
	}
	if o.limit >= 0 && o.size > o.limit && s.state == open {
		s.hub.counts.slow.Add(1)
		o.drop()
		s.closeLocked(ws.TryLater, "the client reads too slowly")
	}
}

// drop forgets what was not begun to be sent: a frame that is half sent must be
// sent to its end.
func (b *backlog) drop() {
	clear(b.queue[1:])
	b.queue = b.queue[:1]
	b.size = len(b.queue[0])
}

// flush writes what the socket takes of the queue.
func (o *outbox) flush(s *session) {
	n, err := s.stream.Writev(o.queue)
	if err != nil {
		o.backlog = nil
		return
	}
	o.size -= n
	for len(o.queue) > 0 && n >= len(o.queue[0]) {
		n -= len(o.queue[0])
		o.queue[0] = nil
		o.queue = o.queue[1:]
	}
	if len(o.queue) > 0 {
		o.queue[0] = o.queue[0][n:]
		return
	}
	o.backlog = nil
	if o.last {
		s.stream.Finish()
	}
}

// finish ends the connection once everything is sent.
func (o *outbox) finish(s *session) {
	o.last = true
	if o.backlog == nil {
		s.stream.Finish()
	}
}

// Writable goes on after the socket was full.
func (s *session) Writable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != ended && s.out.backlog != nil {
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
