// Package ws speaks WebSocket (RFC 6455), server side, on bytes that somebody
// else reads and writes: it takes messages off a buffer and makes frames. It is
// the only place that knows gobwas/ws, and it adds what that leaves to its
// caller: limits, exact close codes, minimal lengths, the order of fragments.
package ws

import "fmt"

// A Code is the status of a close frame, RFC 6455 section 7.4.
type Code uint16

// Codes that this project sends; 4000 and up are its own.
const (
	Normal          Code = 1000
	GoingAway       Code = 1001
	Protocol        Code = 1002
	Unsupported     Code = 1003
	NoStatus        Code = 1005 // never sent: a close frame without a code
	Abnormal        Code = 1006 // never sent: no close frame at all
	InvalidData     Code = 1007
	Policy          Code = 1008
	TooBig          Code = 1009
	Internal        Code = 1011
	TryLater        Code = 1013
	Unauthenticated Code = 4401
	AuthTimeout     Code = 4408
	TooMany         Code = 4429
)

// An Error is a breach of the protocol by the peer and the code to close with.
type Error struct {
	Code   Code
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("close %d: %s", e.Code, e.Reason) }

// An Op is what a message is.
type Op byte

// Ops of whole messages, with the numbers of RFC 6455 section 5.2.
const (
	Text  Op = 1
	Close Op = 8
	Ping  Op = 9
	Pong  Op = 10
)

// A Message is one whole message of the peer.
type Message struct {
	Op Op
	// Payload is unmasked, and valid until the next call of the Reader or the
	// next change of the buffer it was read from. Text is valid UTF-8.
	Payload []byte
	// Code is what a Close says, NoStatus if nothing.
	Code Code
}
