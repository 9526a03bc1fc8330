package hub

import (
	"slices"

	"github.com/coupchat/coup/internal/ws"
)

// An outbox writes to one client. The session's mutex guards it, so there is one writer
// at a time. While the socket takes everything, nothing is queued.
type outbox struct {
	backlog *backlog // nil unless the socket is full
}

// A backlog is what waits until the socket takes more.
type backlog struct {
	queue  [][]byte      // never empty
	size   int           // bytes in queue
	limit  int           // bytes that may wait; below 0 there is no limit
	moved  int32         // when the socket last took some of it, by the wheel
	replay chan struct{} // closed when the backlog ends; nil if no replay is in it
	held   bool          // everything waits until release; the queue may be empty
	before int           // how much of the queue was there before that
}

// push sends a frame, or several frames in one slice. It queues what the socket does not accept
// at once.
//
// If more than Options.MaxQueue bytes wait before the frame is added, the client reads too
// slowly. The session is then closed, and the client gets the missing messages from the store
// when it joins again. The frame itself does not count: a room that has filled a gap pushes
// many messages in one slice, and the client has had no chance yet to read them.
func (o *outbox) push(s *session, frame []byte) {
	if frame = o.write(s, frame); len(frame) == 0 {
		return
	}
	if b := o.backlog; b.limit >= 0 && b.size > b.limit && s.state == open {
		o.giveUp(s)
		return
	}
	o.backlog.add(s, frame)
}

// pushReplay is push for a page of a replay, which may be larger than the queue: the next page
// comes after this one is sent, and so does the next request of the session (see
// request.waitForReplay).
func (o *outbox) pushReplay(s *session, frame []byte) {
	if frame = o.write(s, frame); len(frame) == 0 {
		return
	}
	b := o.backlog
	b.add(s, frame)
	if b.limit >= 0 {
		b.limit += len(frame)
	}
	if b.replay == nil {
		b.replay = make(chan struct{})
	}
}

// write writes what the socket takes, and returns the rest, for which there is a
// backlog then.
func (o *outbox) write(s *session, frame []byte) (rest []byte) {
	if s.state == ended || s.finishing {
		return nil
	}
	if o.backlog != nil {
		return frame
	}
	n, err := s.stream.Write(frame)
	if err != nil || n == len(frame) {
		return nil // after an error the stream calls Gone
	}
	o.backlog = &backlog{limit: s.hub.opts.MaxQueue, moved: s.hub.wheel.now()}
	if wait := s.hub.opts.WriteTimeout; wait > 0 {
		s.hub.wheel.sooner(s, seconds(wait))
	}
	return frame[n:]
}

func (b *backlog) add(s *session, frame []byte) {
	b.queue = append(b.queue, frame)
	b.grow(s, len(frame))
}

// grow changes the number of bytes that wait.
func (b *backlog) grow(s *session, n int) {
	b.size += n
	s.hub.counts.queued.Add(int64(n))
}

// giveUp closes the session of a client that reads too slowly. It drops what waits,
// except the first frame: a part of it may have been sent.
func (o *outbox) giveUp(s *session) {
	s.hub.counts.slow.Add(1)
	b := o.backlog
	clear(b.queue[1:])
	b.queue = b.queue[:1]
	b.grow(s, len(b.queue[0])-b.size)
	s.closeLocked(ws.TryLater, "the client reads too slowly")
}

// clear ends the backlog.
func (o *outbox) clear(s *session) {
	if b := o.backlog; b != nil {
		b.grow(s, -b.size)
		if b.replay != nil {
			close(b.replay)
		}
	}
	o.backlog = nil
}

// hold makes what is pushed from now on wait until release.
func (o *outbox) hold(s *session) {
	if o.backlog == nil {
		o.backlog = &backlog{limit: s.hub.opts.MaxQueue, moved: s.hub.wheel.now()}
	}
	o.backlog.held, o.backlog.before = true, len(o.backlog.queue)
}

// release ends the wait. What was pushed meanwhile comes after first, or is dropped. It reports
// false, and does nothing, if nothing waits.
func (o *outbox) release(s *session, first [][]byte, drop bool) bool {
	b := o.backlog
	if b == nil || !b.held {
		return false
	}
	b.held = false
	before := min(b.before, len(b.queue))
	waited := b.queue[before:]
	if drop {
		waited = nil
	}
	b.queue = slices.Concat(b.queue[:before], first, waited)
	size := 0
	for _, frame := range b.queue {
		size += len(frame)
	}
	b.grow(s, size-b.size)
	if len(b.queue) == 0 {
		o.clear(s)
	} else {
		o.flush(s)
	}
	return true
}

// flush writes what the socket takes of the backlog.
func (o *outbox) flush(s *session) {
	b := o.backlog
	if b.held {
		return
	}
	n, err := s.stream.Writev(b.queue)
	if err != nil {
		o.clear(s)
		return
	}
	b.grow(s, -n)
	if n > 0 {
		b.moved = s.hub.wheel.now()
	}
	for len(b.queue) > 0 && n >= len(b.queue[0]) {
		n -= len(b.queue[0])
		b.queue[0] = nil
		b.queue = b.queue[1:]
	}
	if len(b.queue) > 0 {
		b.queue[0] = b.queue[0][n:]
		return
	}
	o.clear(s)
	if s.finishing {
		s.stream.Finish()
	}
}

// finish ends the connection once everything is sent.
func (o *outbox) finish(s *session) {
	s.finishing = true
	if o.backlog == nil {
		s.stream.Finish()
	}
}

// Writable goes on to send after the socket was full. See poll.Handler.
func (s *session) Writable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen() // the client has read something
	if s.state != ended && s.out.backlog != nil {
		s.out.flush(s)
	}
}

// send sends one frame. It ignores nil.
func (s *session) send(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open && frame != nil {
		s.out.push(s, frame)
	}
}
