package ws

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// HeaderSpace is how many bytes a buffer for Seal must have before the payload: the longest
// header of a server's frame.
const HeaderSpace = 10

// Seal makes one text frame of b, whose payload starts at HeaderSpace. It writes the header
// right before the payload and returns the frame, which is a part of b.
func Seal(b []byte) []byte {
	const fin = 0x80
	n := len(b) - HeaderSpace
	switch {
	case n < 126:
		b = b[HeaderSpace-2:]
		b[1] = byte(n)
	case n < 1<<16:
		b = b[HeaderSpace-4:]
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = fin | byte(Text)
	return b
}

// Payload returns the payload of one whole frame of a server.
func Payload(frame []byte) []byte {
	switch frame[1] {
	case 126:
		return frame[4:]
	case 127:
		return frame[10:]
	}
	return frame[2:]
}

// PingFrame is a ping without contents. It must not be changed.
var PingFrame = ws.MustCompileFrame(ws.NewPingFrame(nil))

// PongFrame answers a ping with the same payload, at most 125 bytes.
func PongFrame(payload []byte) []byte {
	return ws.MustCompileFrame(ws.NewPongFrame(payload))
}

// CloseFrame returns a close frame. It cuts a reason of more than 123 bytes.
func CloseFrame(code Code, reason string) []byte {
	if code == NoStatus || code == Abnormal {
		return ws.MustCompileFrame(ws.NewCloseFrame(nil))
	}
	for len(reason) > 123 {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), reason)))
}

// ServerFrame returns the parts of the first frame of a server in b, which begins with a whole
// one, and its size.
func ServerFrame(b []byte) (op Op, payload []byte, size int) {
	payload = Payload(b)
	head := len(b) - len(payload)
	length := int(b[1])
	switch b[1] {
	case 126:
		length = int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		length = int(binary.BigEndian.Uint64(b[2:]))
	}
	return Op(b[0] & 0xf), payload[:length], head + length
}

// AppendClientFrame appends a frame of a client. Its mask is zero, so the payload is as it is:
// the frame does not leave the process.
func AppendClientFrame(b []byte, op Op, payload []byte) []byte {
	const fin, masked = 0x80, 0x80
	b = append(b, fin|byte(op))
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

// Bytes returns the payload of a close frame with the code.
func (c Code) Bytes() []byte { return binary.BigEndian.AppendUint16(nil, uint16(c)) }
