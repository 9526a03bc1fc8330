package hub

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/ws"
)

// acceptedKey is the key of the time that ConnContext stores.
type acceptedKey struct{}

// ConnContext is for http.Server.ConnContext. With it AuthTimeout counts from when the
// connection was accepted: the handshake may use up to half of it.
func ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, acceptedKey{}, time.Now())
}

// acceptedAt returns from when AuthTimeout counts for the connection of r. A proxy may
// have used the connection for other requests, so it may have been accepted long ago:
// at least half of AuthTimeout is left to the client.
func (h *Hub) acceptedAt(r *http.Request) time.Time {
	now := time.Now()
	accepted, ok := r.Context().Value(acceptedKey{}).(time.Time)
	if !ok {
		return now
	}
	if half := h.opts.AuthTimeout / 2; now.Sub(accepted) > half {
		return now.Add(-half)
	}
	return accepted
}

// ServeHTTP upgrades a request to a WebSocket connection and returns. The connection
// stays open. A refusal is answered with 403 (the origin may not connect), 503
// (draining, full, too many at once) or another 4xx (no valid handshake).
//
// ServeHTTP takes the connection over from net/http. If middleware has wrapped the
// ResponseWriter, it must be an http.Hijacker or have Unwrap. Otherwise, as with
// http.TimeoutHandler, the answer is 500.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	place, refused := h.admit(r, ws.IsHandshake(r), false)
	if refused != nil {
		refused.write(w)
		return
	}
	defer place.giveBack()
	conn, early, ok := h.upgrade(w, r)
	if !ok {
		return
	}
	place.taken = true
	h.open(conn, early, h.acceptedAt(r), place.who)
}

// upgrade upgrades a request, or answers why it cannot.
func (h *Hub) upgrade(w http.ResponseWriter, r *http.Request) (conn net.Conn, early []byte, ok bool) {
	conn, early, err := ws.Upgrade(w, r)
	if err != nil {
		h.refusedHandshake("malformed", r, err)
		return nil, nil, false
	}
	h.boundSendBuffer(conn)
	return conn, early, true
}

// refusedHandshake counts and logs why a connection was refused.
func (h *Hub) refusedHandshake(reason string, r *http.Request, err error) {
	h.counts.refused.Add(1)
	h.counts.handshakes.add(reason)
	h.opts.Log.Warn("handshake refused", "reason", reason, "origin", r.Header.Get("Origin"), "host", r.Host, "err", err)
}

// boundSendBuffer sets SO_SNDBUF to Options.SendBuffer, if the connection has it.
func (h *Hub) boundSendBuffer(conn net.Conn) {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	c, ok := conn.(interface{ SetWriteBuffer(bytes int) error })
	if !ok || h.opts.SendBuffer < 0 {
		return
	}
	if err := c.SetWriteBuffer(h.opts.SendBuffer); err != nil {
		h.opts.Log.Debug("send buffer not bounded", "err", err)
	}
}

// open makes a session of a connection that was admitted and upgraded. early holds the
// bytes that the client sent after its handshake, as far as they were read. who is the
// identity that the handshake had, or nil.
func (h *Hub) open(conn net.Conn, early []byte, accepted time.Time, who *auth.Identity) {
	s := &session{}
	s.begin(&h.native, accepted, h.identityOf(who))
	var first []byte
	if who != nil {
		first = s.dialect.AuthSuccess(native.RequestID{}, s.identity.user, s.identity.name, who.ExpiresAt)
	}
	h.enter(s, conn, first, func() poll.Stream { return h.poller.Open(conn, early, s) })
}

// enter adds a session of a connection, which gets first before anything else, and opens its
// stream with openStream.
func (h *Hub) enter(s *session, conn net.Conn, first []byte, openStream func() poll.Stream) {
	if h.add(s, address(conn.RemoteAddr().String()), first, openStream) {
		return
	}
	_ = conn.SetWriteDeadline(time.Now().Add(h.opts.CloseTimeout))
	_, _ = conn.Write(s.dialect.Close(ws.GoingAway, "the server is about to stop"))
	conn.Close()
}

// address returns the address of a remote end without the port.
func address(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}
