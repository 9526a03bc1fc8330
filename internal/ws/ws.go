// Package ws implements the server side of WebSocket (RFC 6455) for bytes that its caller
// reads and writes: it takes messages off a buffer, and makes frames. It is the only package
// that imports gobwas/ws. It adds what gobwas/ws leaves to its caller: limits, exact close
// codes, minimal lengths, the order of fragments.
package ws

import "fmt"

// A Code is the status of a close frame, RFC 6455 section 7.4.
type Code uint16

// Codes that this project sends. Those from 4000 on are its own, see docs/protocol.md.
const (
	Normal          Code = 1000
	GoingAway       Code = 1001
	Protocol        Code = 1002
	Unsupported     Code = 1003
	NoStatus        Code = 1005 // the peer has sent a close frame without a code; never sent
	Abnormal        Code = 1006 // the connection has ended without a close frame; never sent
	InvalidData     Code = 1007
	Policy          Code = 1008
	TooBig          Code = 1009
	Internal        Code = 1011
	TryLater        Code = 1013
	Unauthenticated Code = 4401
	AuthTimeout     Code = 4408
	TooMany         Code = 4429
)

// An Error is a violation of the protocol by the peer, with the code for the close frame.
type Error struct {
	Code   Code
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("close %d: %s", e.Code, e.Reason) }

// An Op is the kind of a message.
type Op byte

// Ops of whole messages, with the numbers of RFC 6455 section 5.2.
const (
	Text   Op = 1
	Binary Op = 2
	Close  Op = 8
	Ping   Op = 9
	Pong   Op = 10
)

// A Message is one whole message of the peer.
type Message struct {
	Op Op
	// Payload is unmasked. It is valid until the next call of the Reader, or until the buffer
	// is changed. The payload of a Text is valid UTF-8.
	Payload []byte
	// Code is the code of a Close, or NoStatus.
	Code Code
}
