package hub

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A session is one connection: what is known of its client, and where it sits.
// It has no goroutine of its own. Its stream brings data (Data, one at a time),
// rooms bring events (Deliver), the wheel brings the time (tick).
type session struct {
	hub    *Hub
	stream poll.Stream

	// What follows belongs to whoever reads: the stream, or the request under
	// way while it has the stream stopped.

	partial *partial // nil between messages
	await   func()   // a request that must be finished before the next is read
	flood   meter
	deaf    bool // the client broke the protocol: what it sends is thrown away

	slot int8         // guarded by the wheel
	seen atomic.Int32 // when the client was last heard, by the wheel

	mu       sync.Mutex // guards what follows
	state    state
	code     ws.Code // of the close frame, ours or else theirs
	closeBy  int32   // when a closing session is cut off
	authBy   int32
	nextPing int32
	identity *identity // nil before authenticate
	seats    []*room.Seat
	out      outbox
}

// partial is what has arrived of a message that is not whole yet.
type partial struct {
	reader ws.Reader
	rest   []byte // the beginning of a frame
}

// identity is who a session speaks for. It is replaced whole.
type identity struct {
	user    store.UserID
	name    string
	expires int64 // Unix milliseconds: nanoseconds end in 2262
}

// over reports whether the connection is no more.
func (s *session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == ended
}

// state is how far a session has come.
type state uint8

const (
	open    state = iota
	closing       // a close frame was sent
	ended         // nothing more can be sent
)

// User returns whose connection it is.
func (s *session) User() store.UserID { return s.who().user }

func (s *session) who() *identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// Data takes what has arrived.
func (s *session) Data(p []byte) (more bool) {
	s.seen.Store(s.hub.wheel.now())
	if s.partial != nil {
		s.partial.rest = append(s.partial.rest, p...)
		p = s.partial.rest
	}
	return s.read(p)
}

// read works off whole messages and keeps what is left. It reports false if a
// request must be finished before the next message is read.
func (s *session) read(p []byte) (more bool) {
	defer s.contain(&more)
	lim := ws.Limits{MaxMessage: s.hub.opts.MaxMessage, MaxFrames: s.hub.opts.MaxFrames}
	var reader ws.Reader
	if s.partial != nil {
		reader = s.partial.reader
	}
	for s.await == nil && !s.deaf {
		m, n, ok, err := reader.Next(p, lim)
		p = p[n:]
		if err != nil {
			s.breach(err)
			break
		}
		if !ok {
			break
		}
		s.message(m)
	}
	s.keep(reader, p)
	if s.await == nil {
		return true
	}
	fn := s.await
	s.hub.background(func() {
		defer s.contain(nil)
		fn()
		s.await = nil
		s.seen.Store(s.hub.wheel.now()) // what it said meanwhile has not been read
		if s.over() {
			return
		}
		var rest []byte
		if s.partial != nil {
			rest = s.partial.rest
		}
		if s.read(rest) {
			s.stream.Resume()
		}
	})
	return false
}

// keep remembers what is not whole until more arrives, and nothing otherwise.
func (s *session) keep(reader ws.Reader, rest []byte) {
	if s.deaf || len(rest) == 0 && !reader.Partial() {
		s.partial = nil
		return
	}
	if s.partial == nil {
		s.partial = &partial{}
	}
	s.partial.reader = reader
	if len(rest) != len(s.partial.rest) { // else it is the same: a message may come byte by byte
		s.partial.rest = append(s.partial.rest[:0], rest...) // rest may be its end
	}
}

// contain ends this session alone if there is a bug in serving it.
func (s *session) contain(more *bool) {
	bug := recover()
	if bug == nil {
		return
	}
	s.hub.counts.panics.Add(1)
	s.hub.opts.Log.Error("session panicked", "panic", bug, "stack", string(debug.Stack()))
	s.deaf, s.partial, s.await = true, nil, nil
	s.close(ws.Internal, "internal error")
	if more != nil {
		*more = true
	} else {
		s.stream.Resume()
	}
}

// message takes one whole message of the client.
func (s *session) message(m ws.Message) {
	switch m.Op {
	case ws.Text:
		s.request(m.Payload)
	case ws.Ping:
		if s.tolerate() {
			s.send(ws.PongFrame(m.Payload))
		}
	case ws.Pong:
		s.tolerate()
	case ws.Close:
		s.deaf = true
		s.answerClose(m.Code)
	}
}

// tolerate counts what a client should do seldom, and closes when it floods us.
func (s *session) tolerate() bool {
	limit := s.hub.opts.MaxRefused
	if limit < 0 || s.flood.add(s.hub.wheel.now(), forgiven, limit) {
		return true
	}
	s.deaf = true
	s.close(ws.Policy, "flooding")
	return false
}

// breach closes because the client broke the protocol of WebSocket. What it
// sends after that cannot be read.
func (s *session) breach(err error) {
	s.deaf = true
	var e *ws.Error
	if errors.As(err, &e) {
		s.close(e.Code, e.Reason)
		return
	}
	s.close(ws.Protocol, "protocol error")
}

// close says goodbye and cuts the connection off if the client does not answer.
// What was queued before is sent before.
func (s *session) close(code ws.Code, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeLocked(code, reason)
}

func (s *session) closeLocked(code ws.Code, reason string) {
	if s.state != open {
		return
	}
	s.state, s.code = closing, code
	s.out.push(s, ws.CloseFrame(code, reason))
	wait := seconds(s.hub.opts.CloseTimeout)
	s.closeBy = s.hub.wheel.now() + wait
	s.hub.wheel.put(s, wait)
}

// answerClose ends a session whose client said goodbye, or answered ours: the
// server closes the connection first (RFC 6455 section 7.1.1).
func (s *session) answerClose(code ws.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeLocked(code, "") // RFC 6455 section 5.5.1: the code is typically echoed
	s.out.finish(s)
}

// cut closes the connection without a word.
func (s *session) cut() {
	s.mu.Lock()
	stream := s.stream
	s.mu.Unlock()
	stream.Close()
}

// Gone ends the session: the connection is no more.
func (s *session) Gone(err error) {
	s.mu.Lock()
	code := s.code
	if s.state == open {
		code = ws.Abnormal
	}
	s.state = ended
	seats, who := s.seats, s.identity
	s.seats = nil
	s.out.clear()
	s.mu.Unlock()
	for _, seat := range seats {
		seat.Leave(func() {})
	}
	user := store.UserID("")
	if who != nil {
		user = who.user
		s.hub.rooms.Disconnect(s)
	}
	s.hub.opts.Log.LogAttrs(s.hub.life, slog.LevelDebug, "session closed", slog.String("user", string(user)), slog.Int("code", int(code)))
	s.hub.forget(s)
}

// tick looks at the deadlines of a session and returns when to look again.
func (s *session) tick(now int32) (next int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	opts := &s.hub.opts
	switch {
	case s.state == ended:
		return never
	case s.state == closing:
		if now >= s.closeBy {
			s.stream.Close()
			return never
		}
		return s.closeBy
	case s.identity == nil && now >= s.authBy:
		s.closeLocked(ws.AuthTimeout, "no authenticate in time")
		return s.closeBy
	case s.identity != nil && time.Now().UnixMilli() >= s.identity.expires:
		s.out.push(s, authError("", false, tokenExpired, "the token has expired"))
		s.closeLocked(ws.Unauthenticated, "the token has expired")
		return s.closeBy
	}
	next = never
	if b := s.out.backlog; b != nil && opts.WriteTimeout > 0 {
		stuck := b.moved + seconds(opts.WriteTimeout)
		if now >= stuck {
			s.out.giveUp(s)
			return s.closeBy
		}
		next = stuck
	}
	if opts.PongTimeout > 0 {
		dead := s.seen.Load() + seconds(opts.PongTimeout)
		if now >= dead {
			s.code = ws.Abnormal
			s.stream.Close()
			return never
		}
		next = min(next, dead)
	}
	if now >= s.nextPing {
		s.out.push(s, ws.PingFrame)
		s.nextPing = now + seconds(opts.PingEvery)
	}
	next = min(next, s.nextPing)
	if s.identity == nil {
		return min(next, s.authBy)
	}
	left := (s.identity.expires - time.Now().UnixMilli()) / 1000
	return min(next, now+int32(min(left+1, slots)))
}
