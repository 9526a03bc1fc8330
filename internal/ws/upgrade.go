package ws

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// writeTimeout bounds the time to write the answer to the handshake.
const writeTimeout = 5 * time.Second

// Upgrade turns an HTTP request into a WebSocket connection (RFC 6455 section 4.2). early holds
// the bytes that the client has sent after its handshake, as far as they were read. If the
// request is no valid handshake, Upgrade answers it with a 4xx and returns the reason. The
// connection has no deadlines.
func Upgrade(w http.ResponseWriter, r *http.Request) (conn net.Conn, early []byte, err error) {
	if status, err := check(r); err != nil {
		w.Header().Set("Sec-WebSocket-Version", "13")
		if status == http.StatusUpgradeRequired {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
		}
		http.Error(w, err.Error(), status)
		return nil, nil, err
	}
	conn, rw, _, err := ws.HTTPUpgrader{Timeout: writeTimeout}.Upgrade(plain(r), w)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, nil, err
	}
	if n := rw.Reader.Buffered(); n > 0 {
		early = make([]byte, n)
		copy(early, must(rw.Reader.Peek(n)))
	}
	return conn, early, nil
}

// IsHandshake reports whether Upgrade would accept a request.
func IsHandshake(r *http.Request) bool {
	_, err := check(r)
	return err == nil
}

// plain returns a checked handshake in a form that gobwas/ws reads: it reads only the first
// line of a header, and no list with a tab in it.
func plain(r *http.Request) *http.Request {
	r = r.WithContext(r.Context())
	r.Header = http.Header{
		"Upgrade":               {"websocket"},
		"Connection":            {"Upgrade"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     {strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key"))},
	}
	return r
}

// must returns b. To peek at buffered bytes cannot fail.
func must(b []byte, _ error) []byte { return b }

// check checks a handshake before the connection is taken over from net/http. gobwas/ws takes
// it over first, and checks less.
func check(r *http.Request) (status int, err error) {
	one := func(name string) string {
		if v := r.Header.Values(name); len(v) == 1 {
			return strings.TrimSpace(v[0])
		}
		return ""
	}
	switch {
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, errors.New("a WebSocket handshake is a GET")
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return http.StatusBadRequest, errors.New("a WebSocket handshake wants HTTP/1.1")
	case !token(r.Header, "Connection", "upgrade") || !token(r.Header, "Upgrade", "websocket"):
		return http.StatusUpgradeRequired, errors.New("this is a WebSocket endpoint")
	case one("Sec-WebSocket-Version") == "":
		return http.StatusBadRequest, errors.New("Sec-WebSocket-Version must be there once")
	case one("Sec-WebSocket-Version") != "13":
		return http.StatusUpgradeRequired, errors.New("only WebSocket version 13 is spoken")
	case r.ContentLength > 0 || len(r.TransferEncoding) > 0:
		return http.StatusBadRequest, errors.New("a WebSocket handshake has no body")
	}
	if key, err := base64.StdEncoding.DecodeString(one("Sec-WebSocket-Key")); err != nil || len(key) != 16 {
		return http.StatusBadRequest, errors.New("Sec-WebSocket-Key must be 16 bytes in base64, once")
	}
	return 0, nil
}

// token reports whether a comma-separated header has a token, in any case.
func token(h http.Header, name, want string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), want) {
				return true
			}
		}
	}
	return false
}
