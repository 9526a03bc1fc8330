package hub

import (
	"errors"
	"runtime/debug"

	"github.com/coupchat/coup/internal/ws"
)

// pending is what has arrived and is not handled yet.
type pending struct {
	reader ws.Reader // of the message of which only a part has arrived
	rest   []byte    // the beginning of a frame, or all that follows the request that await ends
	await  func()    // a request that must end before the next message is read
}

// awaits reports whether a request must end before the next message is read.
func (p *pending) awaits() bool { return p != nil && p.await != nil }

// await lets the rest of a request take its time: the next message is read when it has ended.
func (r *request) await(rest func()) {
	s := r.s
	if s.pending == nil {
		s.pending = &pending{}
	}
	s.pending.await = rest
}

// Data reads what has arrived. See poll.Handler.
func (s *session) Data(p []byte) (more bool) {
	s.seen()
	if s.pending != nil {
		s.pending.rest = append(s.pending.rest, p...)
		p = s.pending.rest
	}
	return s.read(p)
}

// read handles the whole messages in p and keeps the rest. It reports false if a
// request must end before the next message is read.
func (s *session) read(p []byte) (more bool) {
	defer s.recovered(&more)
	who := s.who()
	lim := s.limits(who)
	var reader ws.Reader
	if s.pending != nil {
		reader = s.pending.reader
	}
	for !s.pending.awaits() && !s.ignore {
		m, n, ok, err := reader.Next(p, lim)
		p = p[n:]
		if err != nil {
			s.end(violation(err))
			break
		}
		if !ok {
			break
		}
		s.message(m)
		if who == nil { // more is allowed once it has authenticated
			who = s.who()
			lim = s.limits(who)
		}
	}
	s.keep(reader, p)
	if !s.pending.awaits() {
		return true
	}
	s.hub.work.Go(s.finish)
	return false
}

// limits returns what a client may send, whose session has an identity or nil.
func (e *endpoint) limits(who *identity) ws.Limits {
	opts := &e.hub.opts
	lim := ws.Limits{MaxMessage: opts.MaxMessage, MaxFrames: opts.MaxFrames, Binary: e.dialect.Binary()}
	if first := opts.MaxFirst; who == nil && first > 0 && (lim.MaxMessage < 0 || first < lim.MaxMessage) {
		lim.MaxMessage = first
	}
	return lim
}

// finish runs the request for which the stream waits, and then reads on.
func (s *session) finish() {
	defer s.recovered(nil)
	s.pending.await()
	s.pending.await = nil
	s.seen() // what the client has sent meanwhile has not been read
	if over(s) {
		return
	}
	if s.read(s.pending.rest) {
		resume(s)
	}
}

// keep keeps what is not handled yet.
func (s *session) keep(reader ws.Reader, rest []byte) {
	if s.ignore {
		rest = nil
	}
	if len(rest) == 0 && !s.pending.awaits() && (s.ignore || !reader.Partial()) {
		s.pending = nil
		return
	}
	if s.pending == nil {
		s.pending = &pending{}
	}
	s.pending.reader = reader
	if len(rest) != len(s.pending.rest) { // if equal, nothing was read: a message may come byte by byte
		s.pending.rest = append(s.pending.rest[:0], rest...) // rest may be the end of pending.rest
	}
}

// recovered recovers a panic, which then ends only this session. It sets more, or
// resumes the stream if more is nil, so that the stream goes on and sees the end.
func (s *session) recovered(more *bool) {
	p := recover()
	if p == nil {
		return
	}
	s.hub.counts.panics.Add(1)
	s.hub.opts.Log.Error("session panicked", "panic", p, "stack", string(debug.Stack()))
	s.pending = nil
	s.end(ws.Internal, "internal error")
	if more != nil {
		*more = true
	} else {
		resume(s)
	}
}

// resume goes on to read after a request for which the stream has waited.
func resume(s *session) {
	s.mu.Lock()
	stream := s.stream // it may be another one than when the request came
	s.mu.Unlock()
	stream.Resume()
}

// message handles one whole message.
func (s *session) message(m ws.Message) {
	switch m.Op {
	case ws.Text, ws.Binary:
		s.request(m.Payload, m.Op == ws.Binary)
	case ws.Ping:
		if s.tolerate() {
			s.send(ws.PongFrame(m.Payload))
		}
	case ws.Pong:
		s.tolerate()
	case ws.Close:
		s.end(m.Code, "") // with the code of the client (RFC 6455 section 5.5.1)
	}
}

// violation returns the close frame for a violation of the WebSocket protocol.
func violation(err error) (code ws.Code, reason string) {
	if e, ok := errors.AsType[*ws.Error](err); ok {
		return e.Code, e.Reason
	}
	return ws.Protocol, "protocol error"
}
