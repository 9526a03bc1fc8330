// Package eio is the HTTP side of Engine.IO 4: its handshake, HTTP long-polling as a poll.Stream,
// and the upgrade from polling to WebSocket. A polling stream carries the same frames as a
// WebSocket connection, so what is above it does not know the difference: each text frame of the
// server becomes one packet, and each packet of the client one text frame.
//
// The protocol is in the repository socketio/socket.io, under docs/engine.io-protocol.
package eio

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/coupchat/coup/internal/json"
)

// An Error is an answer to a request that breaks the protocol.
type Error struct {
	// Code is the number that clients know, Status the one of HTTP.
	Code, Status int
	Message      string
}

func (e *Error) Error() string { return e.Message }

// Errors of the protocol, with the texts of the reference.
var (
	ErrTransport = &Error{0, http.StatusBadRequest, "Transport unknown"}
	ErrSID       = &Error{1, http.StatusBadRequest, "Session ID unknown"}
	ErrMethod    = &Error{2, http.StatusBadRequest, "Bad handshake method"}
	ErrRequest   = &Error{3, http.StatusBadRequest, "Bad request"}
	ErrForbidden = &Error{4, http.StatusForbidden, "Forbidden"}
	ErrVersion   = &Error{5, http.StatusBadRequest, "Unsupported protocol version"}
)

// errTooLarge answers a body that is too large. The protocol has no number for it.
var errTooLarge = &Error{3, http.StatusRequestEntityTooLarge, "Payload too large"}

// Fail answers a request with an error.
func Fail(w http.ResponseWriter, err *Error) {
	o := json.Begin(nil)
	o.Int("code", int64(err.Code))
	o.String("message", err.Message)
	body := o.End()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(err.Status)
	_, _ = w.Write(body) // the client has gone
}

// A Request is what the query of a request says.
type Request struct {
	// WebSocket tells the transports apart: the other one is polling.
	WebSocket bool
	// SID is the id of the connection, empty in a handshake.
	SID     string
	version string
}

// Parse reads the query of a request.
func Parse(q url.Values) (Request, *Error) {
	r := Request{SID: q.Get("sid"), version: q.Get("EIO")}
	switch q.Get("transport") {
	case "polling":
	case "websocket":
		r.WebSocket = true
	default:
		return r, ErrTransport
	}
	return r, nil
}

// CheckHandshake checks a request without an id.
func (q Request) CheckHandshake(method string, upgrade bool) *Error {
	switch {
	case method != http.MethodGet:
		return ErrMethod
	case q.WebSocket != upgrade:
		return ErrRequest
	case q.version != "4":
		return ErrVersion
	}
	return nil
}

// An ID is the part of a connection's id that nobody can guess.
type ID [16]byte

// NewID returns a new id.
func NewID() (id ID) {
	rand.Read(id[:]) // never fails
	return id
}

// Text returns the id as clients see it. tag tells a load balancer which hub has the connection;
// it may be empty.
func (id ID) Text(tag string) string {
	text := base64.RawURLEncoding.EncodeToString(id[:])
	if tag == "" {
		return text
	}
	return tag + "." + text
}

// ofWebSocket begins an id of a connection that began with a WebSocket. Nobody looks for it, so no
// hub keeps it.
const ofWebSocket = "w-"

// OfWebSocket is Text for a connection that begins with a WebSocket.
func (id ID) OfWebSocket(tag string) string {
	text := ofWebSocket + id.Text("")
	if tag == "" {
		return text
	}
	return tag + "." + text
}

// OfWebSocket reports whether an id is one of a connection that began with a WebSocket.
func OfWebSocket(text string) bool {
	text, ok := strings.CutPrefix(text[strings.LastIndexByte(text, '.')+1:], ofWebSocket)
	_, valid := ParseID(text)
	return ok && valid
}

// ParseID reads the id of a connection. It reports false if there cannot be one with that id.
func ParseID(text string) (id ID, ok bool) {
	text = text[strings.LastIndexByte(text, '.')+1:]
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	copy(id[:], b)
	return id, err == nil && len(b) == len(id)
}
