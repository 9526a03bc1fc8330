package hub

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/coupchat/coup/auth"
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
	if h.Draining() {
		h.refusedHandshake("draining", r, nil)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the server is about to stop", http.StatusServiceUnavailable)
		return
	}
	if !h.originAllowed(r) {
		h.refusedHandshake("origin", r, nil)
		http.Error(w, "this origin is not allowed", http.StatusForbidden)
		return
	}
	if reason, retryAfter := h.admit(r); reason != "" {
		h.refusedHandshake(reason, r, nil)
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, admissions[reason], http.StatusServiceUnavailable)
		return
	}
	entering, stranger := true, false
	defer func() { // also after a panic of Identify
		if entering {
			h.leave(stranger)
		}
	}()
	who, err := h.identify(r)
	if err != nil {
		h.refusedHandshake("identity", r, err)
		refuseIdentity(w, err)
		return
	}
	stranger = who == nil && h.admitStranger()
	if who == nil && !stranger {
		h.refusedHandshake("strangers", r, nil)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many clients have not authenticated", http.StatusServiceUnavailable)
		return
	}
	conn, early, err := ws.Upgrade(w, r)
	if err != nil {
		h.refusedHandshake("malformed", r, err)
		return
	}
	entering = false
	h.boundSendBuffer(conn)
	h.open(conn, early, h.acceptedAt(r), who)
}

// refusedHandshake counts and logs why a connection was refused.
func (h *Hub) refusedHandshake(reason string, r *http.Request, err error) {
	h.counts.refused.Add(1)
	h.counts.handshakes.add(reason)
	h.opts.Log.Warn("handshake refused", "reason", reason, "origin", r.Header.Get("Origin"), "host", r.Host, "err", err)
}

// leave gives up the place that admit has reserved, and that of admitStranger.
func (h *Hub) leave(stranger bool) {
	if stranger {
		h.strangers.Add(-1)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entering--
}

// admissions are the sentences for the reasons of admit.
var admissions = map[string]string{
	"full": "the server is full",
	"rate": "too many clients come at once",
}

// admit reserves the place of one connection. If there is none it returns the reason, and
// after how many seconds the client may try again.
func (h *Hub) admit(r *http.Request) (reason, retryAfter string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit := h.opts.MaxConnections; limit > 0 && len(h.sessions)+h.entering >= limit {
		return "full", "5"
	}
	if limit := h.opts.MaxAccepts; limit >= 0 && ws.IsHandshake(r) && !h.accepts.add(h.wheel.now(), limit, 2*limit) {
		return "rate", "2"
	}
	h.entering++
	return "", ""
}

// admitStranger reserves a place among the connections that have not authenticated. It reports
// false if there is none.
func (h *Hub) admitStranger() bool {
	limit := int64(h.opts.MaxUnauthenticated)
	if h.strangers.Add(1) > limit && limit >= 0 {
		h.strangers.Add(-1)
		return false
	}
	return true
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
	s := newSession(&h.native, accepted)
	if who != nil {
		s.identity = identityOf(*who)
	}
	ok, crowded, err := h.add(s, address(conn), func() poll.Stream { return h.poller.Open(conn, early, s) })
	if !ok {
		_ = conn.SetWriteDeadline(time.Now().Add(h.opts.CloseTimeout))
		_, _ = conn.Write(s.dialect.Close(ws.GoingAway, "the server is about to stop"))
		conn.Close()
		return
	}
	switch {
	case crowded:
		s.close(ws.TooMany, "too many connections of one address")
	case err != nil:
		closeUnconnected(s, err)
	}
	h.wheel.put(s, 1)
}

// address returns the remote address of a connection without the port.
func address(conn net.Conn) string {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return conn.RemoteAddr().String()
	}
	return host
}
