package hub

import (
	"net/http"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/eio"
	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/socketio"
	"github.com/coupchat/coup/internal/ws"
)

// SocketIO returns the handler of the endpoint for Socket.IO clients, version 3 and 4, to be
// served at /socket.io/. They see the same rooms as the clients of the native endpoint, and all
// options hold for them too.
//
// A client that polls waits for its answer up to PingEvery. The timeouts of an http.Server do not
// end it, if the ResponseWriter can set deadlines (see http.ResponseController). Middleware must not
// end requests after a time, as http.TimeoutHandler does. For WebSockets the rules of Hub.ServeHTTP
// hold. Pages of other sites that Options.Origins names can read every answer (CORS).
func (h *Hub) SocketIO() http.Handler { return http.HandlerFunc(h.serveSocketIO) }

// A socketSession is a session of the Socket.IO endpoint.
type socketSession struct {
	session
	own     endpoint
	dialect socketio.Dialect
}

// newSocketSession returns a session without a stream. sid is the id of a client that polls, or
// zero.
func (h *Hub) newSocketSession(accepted time.Time, sid eio.ID, who *auth.Identity) *session {
	s := &socketSession{}
	s.own = endpoint{hub: h, dialect: &s.dialect}
	if sid != (eio.ID{}) || who != nil {
		s.own.hello = &handshake{sid, h.identityOf(who)}
	}
	s.begin(&s.own, accepted, nil)
	return &s.session
}

// sid returns the id of a session that began with long-polling, or zero.
func (e *endpoint) sid() eio.ID {
	if e.hello == nil {
		return eio.ID{}
	}
	return e.hello.sid
}

// given returns who the handshake says the client is, or nil.
func (e *endpoint) given() *identity {
	if e.hello == nil {
		return nil
	}
	return e.hello.given
}

func (h *Hub) serveSocketIO(w http.ResponseWriter, r *http.Request) {
	allowed := h.originAllowed(r)
	h.shareWithOrigin(w, r, allowed)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	q, err := eio.Parse(r.URL.Query())
	switch {
	case err != nil:
	case !allowed:
		err = eio.ErrForbidden
	case q.SID != "":
		h.continueSocketIO(w, r, q)
		return
	default:
		err = q.CheckHandshake(r.Method, ws.IsHandshake(r))
	}
	if err != nil {
		h.refusedHandshake("socketio", r, err)
		eio.Fail(w, err)
		return
	}
	place, refused := h.admit(r, true, true)
	if refused != nil {
		if refused.retryAfter != "" {
			w.Header().Set("Retry-After", refused.retryAfter)
		}
		eio.Fail(w, &eio.Error{Code: eio.ErrForbidden.Code, Status: refused.status, Message: refused.message})
		return
	}
	defer place.giveBack()
	if q.WebSocket {
		h.openSocket(w, r, place)
		return
	}
	place.taken = true
	h.openPolling(w, r, place)
}

// openFrame returns the first packet of a connection.
func (h *Hub) openFrame(sid string, upgrades ...string) []byte {
	// A client counts the time without a ping in 32 bits of milliseconds.
	const longest = time.Duration(1<<31-1) * time.Millisecond
	ping, timeout := longest/2, longest/2
	if h.opts.PingEvery > 0 {
		ping = min(ping, time.Duration(seconds(h.opts.PingEvery))*time.Second)
	}
	if h.opts.PongTimeout > 0 {
		timeout = min(timeout, time.Duration(seconds(h.opts.PongTimeout))*time.Second-ping)
	}
	largest := h.opts.MaxMessage
	if largest < 0 {
		largest = 1<<31 - 1
	}
	return socketio.Open(sid, upgrades, ping, timeout, largest)
}

// openSocket serves a client that begins with a WebSocket.
func (h *Hub) openSocket(w http.ResponseWriter, r *http.Request, place *place) {
	conn, early, ok := h.upgrade(w, r)
	if !ok {
		return
	}
	place.taken = true
	s := h.newSocketSession(h.acceptedAt(r), eio.ID{}, place.who)
	h.enter(s, conn, h.openFrame(eio.NewID().OfWebSocket(h.opts.Tag)), func() poll.Stream { return h.poller.Open(conn, early, s) })
}
