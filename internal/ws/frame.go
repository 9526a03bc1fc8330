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
