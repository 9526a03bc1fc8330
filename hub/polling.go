package hub

import (
	"net/http"
	"time"

	"github.com/coupchat/coup/internal/eio"
	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/ws"
)

// openPolling serves a client that begins with polling.
func (h *Hub) openPolling(w http.ResponseWriter, r *http.Request, place *place) {
	sid := eio.NewID()
	s := h.newSocketSession(time.Now(), sid, place.who)
	stream := eio.NewStream(s, func() int { return s.limits(s.who()).MaxMessage }, func(fn func()) { h.work.Go(fn) }, &h.counts.polling)
	if !h.add(s, address(r.RemoteAddr), h.openFrame(sid.Text(h.opts.Tag), "websocket"), func() poll.Stream { return stream }) {
		w.Header().Set("Retry-After", drains.retryAfter)
		eio.Fail(w, &eio.Error{Code: eio.ErrForbidden.Code, Status: drains.status, Message: drains.message})
		return
	}
	stream.Poll(w, r)
}

// continueSocketIO serves a request of a client that has a session.
func (h *Hub) continueSocketIO(w http.ResponseWriter, r *http.Request, q eio.Request) {
	stream, ok := h.polling(q.SID)
	ok = ok || eio.OfWebSocket(q.SID)
	switch {
	case !ok:
		h.refusedHandshake("socketio", r, eio.ErrSID)
		eio.Fail(w, eio.ErrSID)
	case q.WebSocket && !ws.IsHandshake(r):
		eio.Fail(w, eio.ErrRequest)
	case q.WebSocket:
		h.upgradePolling(w, r, q.SID, stream)
	case stream == nil:
		eio.Fail(w, eio.ErrRequest)
	case r.Method == http.MethodGet:
		stream.Poll(w, r)
	case r.Method == http.MethodPost:
		stream.Receive(w, r)
	default:
		eio.Fail(w, eio.ErrMethod)
	}
}

// polling returns the stream of a session that polls, or nil if it was upgraded. It reports false
// if there is no session that began with that id.
func (h *Hub) polling(sid string) (*eio.Stream, bool) {
	s := h.socketSession(sid)
	if s == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stream, _ := s.stream.(*eio.Stream)
	return stream, true
}

func (h *Hub) socketSession(sid string) *session {
	id, ok := eio.ParseID(sid)
	if !ok {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.polls[id]
}

// upgradePolling serves the WebSocket to which a polling session may be upgraded.
func (h *Hub) upgradePolling(w http.ResponseWriter, r *http.Request, sid string, stream *eio.Stream) {
	conn, early, ok := h.upgrade(w, r)
	if !ok {
		return
	}
	s := h.socketSession(sid)
	if s == nil || stream == nil || !stream.Probe(func(p poll.Handler) poll.Stream { return h.poller.Open(conn, early, p) }, func(take func() poll.Stream) bool { return move(s, take) }) {
		_ = conn.SetWriteDeadline(time.Now().Add(h.opts.CloseTimeout))
		_, _ = conn.Write(ws.CloseFrame(ws.Policy, "this connection has its WebSocket"))
		conn.Close()
	}
}

// move makes a session go on with the stream that take returns, if it returns one.
func move(s *session, take func() poll.Stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := take()
	if to == nil {
		return false
	}
	s.stream = to
	if s.out.backlog != nil {
		s.out.flush(s)
	}
	return true
}
