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
	queue  [][]byte
	size   int           // bytes in queue
	limit  int           // bytes that may wait; below 0: any number
	moved  int32         // when some of it left last, by the wheel
	replay chan struct{} // closed with the backlog; nil unless a replay is in it
}

// push sends a frame, or several in one piece, as far as the socket takes it and
// queues the rest. If the queue was over its bound already it closes the session:
// its client reads too slowly, and will recover what it missed from the store. What
// is pushed does not count: a hub that has much to catch up with pushes it in one
// piece, and the client could not have read any of that yet.
func (o *outbox) push(s *session, frame []byte) { o.pushReplay(s, frame, false) }

// pushReplay is push for what the client asked to have again, which may wait
// beyond the bound: it is bounded itself, by the number of messages, and the
// client is not heard again before it is gone (see session.replayed).
func (o *outbox) pushReplay(s *session, frame []byte, replay bool) {
	if s.state == ended || o.last {
		return
	}
	if o.backlog == nil {
		n, err := s.stream.Write(frame)
		if err != nil || n == len(frame) {
			return // if it failed the stream will say that it is gone
		}
		frame, o.backlog = frame[n:], &backlog{limit: s.hub.opts.MaxQueue, moved: s.hub.wheel.now()}
		if wait := s.hub.opts.WriteTimeout; wait > 0 {
			s.hub.wheel.sooner(s, seconds(wait))
		}
	}
	if !replay && o.limit >= 0 && o.size > o.limit && s.state == open {
		o.giveUp(s)
		return
	}
	o.queue = append(o.queue, frame)
	o.size += len(frame)
	if replay {
		if o.limit >= 0 {
			o.limit += len(frame)
		}
		if o.replay == nil {
			o.replay = make(chan struct{})
		}
	}
}

// giveUp closes the session of a client that reads too slowly.
func (o *outbox) giveUp(s *session) {
	s.hub.counts.slow.Add(1)
	o.drop()
	s.closeLocked(ws.TryLater, "the client reads too slowly")
}

// clear ends the backlog.
func (o *outbox) clear() {
	if o.backlog != nil && o.replay != nil {
		close(o.replay)
	}
	o.backlog = nil
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
		o.clear()
		return
	}
	o.size -= n
	if n > 0 {
		o.moved = s.hub.wheel.now()
	}
	for len(o.queue) > 0 && n >= len(o.queue[0]) {
		n -= len(o.queue[0])
		o.queue[0] = nil
		o.queue = o.queue[1:]
	}
	if len(o.queue) > 0 {
		o.queue[0] = o.queue[0][n:]
		return
	}
	o.clear()
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
	s.seen.Store(s.hub.wheel.now()) // it has read something
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
