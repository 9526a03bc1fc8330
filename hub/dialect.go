package hub

import (
	"time"

	"github.com/coupchat/coup/internal/eio"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A dialect reads and writes the frames of one client protocol. A session knows what
// clients ask for and what it answers, but not how that is written. Its methods may be
// called at the same time from any goroutine, except where they say more.
//
// The words of package native serve all dialects: another protocol carries the same
// requests and answers in frames of its own. A method that returns nil has nothing to
// send.
type dialect interface {
	// Encoder is the dialect as rooms see it. Binary reports whether clients may send binary
	// messages.
	Encoder() room.Encoder
	Binary() bool
	// Decode reads one message of a client.
	// The text of the error may be sent to it. An error that is a *ws.Error ends the session.
	Decode(message []byte, binary bool) (native.Request, error)
	// Ack answers a request that succeeded, Error one that failed.
	Ack(native.RequestID, native.Ack) []byte
	Error(native.RequestID, native.Error) []byte
	// AuthSuccess answers authenticate. AuthError does, or ends a session.
	AuthSuccess(id native.RequestID, user store.UserID, name string, expires time.Time) []byte
	AuthError(id native.RequestID, code, message string) []byte
	// Deliver returns what the client gets of a batch, of which the encoder of the endpoint has
	// written shared. Moved says how far the client has come in a room, and Left that it is not
	// there any more; both return what has to be sent before the answer to the request. The
	// session's mutex is held.
	Deliver(b *room.Batch, shared []byte) []byte
	Moved(study store.StudyID, seq int64, at time.Time) []byte
	Left(store.StudyID) []byte
	// Ping asks the client for a sign of life. Close is the last frame.
	Ping() []byte
	Close(code ws.Code, reason string) []byte
}

// An endpoint is what all sessions of one dialect on a hub share. A session whose dialect
// remembers something has its own.
type endpoint struct {
	hub     *Hub
	dialect dialect
	hello   *handshake // what is kept of the handshake, only of some Socket.IO connections
}

// A handshake is what is kept of the handshake of a Socket.IO connection.
type handshake struct {
	sid   eio.ID    // of a client that began with polling, or zero
	given *identity // who the handshake says the client is, which counts from CONNECT on; or nil
}
