package hub

import (
	"errors"
	"runtime/debug"

	"github.com/coupchat/coup/internal/ws"
)

// partial is the part of a message that has arrived, while the rest is missing.
type partial struct {
	reader ws.Reader
	rest   []byte // the beginning of a frame
}

// Data reads what has arrived. See poll.Handler.
func (s *session) Data(p []byte) (more bool) {
	s.seen()
	if s.partial != nil {
		s.partial.rest = append(s.partial.rest, p...)
		p = s.partial.rest
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
	if s.partial != nil {
		reader = s.partial.reader
	}
	for s.await == nil && !s.ignore {
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
	if s.await == nil {
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
	s.await()
	s.await = nil
	s.seen() // what the client has sent meanwhile has not been read
	if over(s) {
		return
	}
	var rest []byte
	if s.partial != nil {
		rest = s.partial.rest
	}
	if s.read(rest) {
		resume(s)
	}
}

// keep keeps the beginning of a message until more arrives.
func (s *session) keep(reader ws.Reader, rest []byte) {
	if s.ignore || len(rest) == 0 && !reader.Partial() {
		s.partial = nil
		return
	}
	if s.partial == nil {
		s.partial = &partial{}
	}
	s.partial.reader = reader
	if len(rest) != len(s.partial.rest) { // if equal, nothing was read: a message may come byte by byte
		s.partial.rest = append(s.partial.rest[:0], rest...) // rest may be the end of partial.rest
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
	s.partial, s.await = nil, nil
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
