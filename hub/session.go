package hub

import (
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/few"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/text"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A session is the hub's state of one connection. It has no goroutine: its stream
// brings data (Data) and says when it can take more (Writable), rooms bring events
// (Deliver), and the wheel brings the time (tick).
type session struct {
	*endpoint
	stream poll.Stream

	// What follows belongs to the goroutine that reads: that of the stream, or that of
	// the request for which the stream waits.

	pending *pending // nil if nothing waits
	refused meter    // see Options.MaxRefused
	ignore  bool     // what the client sends is ignored: it broke the protocol, or has closed

	lastSeen atomic.Int32 // when the client last sent or read something, by the wheel
	due      int32        // when tick is called next, 0 if it is not; guarded by the wheel

	mu        sync.Mutex // guards what follows, but slot
	state     state
	left      bool    // leave was called
	finishing bool    // the connection ends when everything is sent
	code      ws.Code // of the close frame that was sent, or else received
	endBy     int32   // when a session ends that has no user, or that is closing
	nextPing  int32
	slot      int32     // in the hub's sessions, whose lock guards it
	identity  *identity // nil before authenticate
	seats     few.Set[*room.Seat]
	out       outbox
}

// An identity is the user of a session. It is replaced, never changed.
type identity struct {
	user    store.UserID
	name    string
	expires int64 // Unix milliseconds: nanoseconds end in 2262
	// given is what an auth.Rechecker is asked about, nil without one.
	given *auth.Identity
}

// identityOf returns the identity of a session from that of a token or a handshake, which may be
// nil. Of the name it keeps what store.ValidUserName takes: the rules of who gave it must not lock
// the user out.
func (h *Hub) identityOf(who *auth.Identity) *identity {
	if who == nil {
		return nil
	}
	i := &identity{user: store.UserID(who.UserID), name: text.CleanName(who.UserName, store.MaxUserName), expires: who.ExpiresAt.UnixMilli()}
	if _, is := h.verify.(auth.Rechecker); is {
		i.given = who
	}
	return i
}

// A state says how far a session has come.
type state uint8

const (
	open    state = iota
	closing       // a close frame was sent
	ended         // nothing can be sent
)

// begin begins a session that has no stream yet. accepted is from when AuthTimeout counts. who
// is its user, if that is known already.
func (s *session) begin(e *endpoint, accepted time.Time, who *identity) {
	w, opts := &e.hub.wheel, &e.hub.opts
	s.endpoint, s.endBy, s.nextPing, s.identity = e, never, never, who
	s.lastSeen.Store(w.now())
	if opts.AuthTimeout > 0 {
		s.endBy = w.at(accepted.Add(opts.AuthTimeout))
	}
	if opts.PingEvery > 0 {
		s.nextPing = w.now() + seconds(opts.PingEvery)
	}
}

// User returns the user of the connection, or "" if it has none any more. See room.Conn.
func (s *session) User() store.UserID {
	if who := s.who(); who != nil {
		return who.user
	}
	return ""
}

// who returns the identity, nil before authenticate.
func (s *session) who() *identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// over reports whether the session has ended.
func over(s *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == ended
}

// seen notes that the client has sent or read something.
func (s *session) seen() { s.lastSeen.Store(s.hub.wheel.now()) }

// tolerate counts something that a client should do rarely. It closes the session and
// reports false if there is too much of it.
func (s *session) tolerate() bool {
	limit := s.hub.opts.MaxRefused
	if limit < 0 || s.refused.add(s.hub.wheel.now(), refusedPerSecond, limit) {
		return true
	}
	s.end(ws.Policy, "flooding")
	return false
}

// seat returns the session's seat in a study, or nil, and how many seats it has.
func (s *session) seat(study store.StudyID) (*room.Seat, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seats.Find(func(seat *room.Seat) bool { return seat.StudyID() == study }), s.seats.Len()
}

// close sends a close frame after what is queued. If the client does not answer it, the
// connection is cut after CloseTimeout.
func (s *session) close(code ws.Code, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeLocked(code, reason)
}

// closeLocked is close for a caller that holds mu.
func (s *session) closeLocked(code ws.Code, reason string) {
	if s.state != open {
		return
	}
	s.state, s.code = closing, code
	s.out.push(s, s.dialect.Close(code, reason))
	wait := seconds(s.hub.opts.CloseTimeout)
	s.endBy = s.hub.wheel.now() + wait
	s.hub.wheel.put(s, wait)
}

// end closes a session of which nothing is read any more: the client has sent a close frame,
// or something that cannot be accepted. The server ends the TCP connection first (RFC 6455
// section 7.1.1), after the close frame is sent. Only the goroutine that reads may call it.
func (s *session) end(code ws.Code, reason string) {
	s.ignore = true
	s.leave() // the peer may take its time to close the connection
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeLocked(code, reason)
	s.out.finish(s)
}

// leave gives up the session's places in the rooms, once.
func (s *session) leave() {
	s.mu.Lock()
	again, seats, who := s.left, s.seats.All(), s.identity
	s.left, s.seats = true, few.Set[*room.Seat]{}
	s.mu.Unlock()
	if again {
		return
	}
	for _, seat := range seats {
		seat.Leave(func() {})
	}
	if who == nil {
		s.hub.strangers.Add(-1)
		return
	}
	s.hub.rooms.Disconnect(s)
}

// Gone ends the session, after its stream has ended. See poll.Handler.
func (s *session) Gone(error) {
	s.mu.Lock()
	code := s.code
	if s.state == open {
		code = ws.Abnormal
	}
	s.state = ended
	who := s.identity
	s.out.clear(s)
	s.stream = gone{} // the wheel may keep the session for a minute
	s.mu.Unlock()
	s.leave()
	s.hub.counts.closes.add(strconv.Itoa(int(code)))
	user := store.UserID("")
	if who != nil {
		user = who.user
	}
	s.hub.opts.Log.LogAttrs(s.hub.work.Context(), slog.LevelDebug, "session closed", slog.String("user", string(user)), slog.Int("code", int(code)))
	s.hub.remove(s)
}

// gone is the stream of a session that has ended.
type gone struct{}

func (gone) Write([]byte) (int, error)    { return 0, net.ErrClosed }
func (gone) Writev([][]byte) (int, error) { return 0, net.ErrClosed }
func (gone) Resume()                      {}
func (gone) Finish()                      {}
func (gone) Close()                       {}

// tick does what is due at now, and returns when to call it again.
func (s *session) tick(now int32) (next int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	opts := &s.hub.opts
	switch {
	case s.state == ended:
		return never
	case s.state == closing:
		end := s.endBy
		if b := s.out.backlog; b != nil { // while the client reads, it has not got the close frame yet
			end = max(end, b.moved+seconds(opts.CloseTimeout))
		}
		if now >= end {
			s.stream.Close()
			return never
		}
		return end
	case s.identity == nil && now >= s.endBy:
		s.closeLocked(ws.AuthTimeout, "no authenticate in time")
		return s.endBy
	case s.identity != nil && time.Now().UnixMilli() >= s.identity.expires:
		s.out.push(s, s.dialect.AuthError(native.RequestID{}, tokenExpired, "the token has expired"))
		s.closeLocked(ws.Unauthenticated, "the token has expired")
		return s.endBy
	}
	next = never
	if b := s.out.backlog; b != nil && !b.held && opts.WriteTimeout > 0 {
		stuck := b.moved + seconds(opts.WriteTimeout)
		if now >= stuck {
			s.out.giveUp(s)
			return s.endBy
		}
		next = stuck
	}
	if opts.PongTimeout > 0 {
		lost := s.lastSeen.Load() + seconds(opts.PongTimeout)
		if now >= lost {
			s.code = ws.Abnormal
			s.stream.Close()
			return never
		}
		next = min(next, lost)
	}
	if held := s.out.backlog != nil && s.out.backlog.held; now >= s.nextPing && !held {
		s.out.push(s, s.dialect.Ping())
		s.nextPing = now + seconds(opts.PingEvery)
	}
	next = min(next, s.nextPing)
	if s.identity == nil {
		return min(next, s.endBy)
	}
	left := (s.identity.expires - time.Now().UnixMilli()) / 1000
	return min(next, now+int32(min(left+1, slots)))
}
