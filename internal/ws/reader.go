package ws

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// A Reader reads the messages of one connection. Between messages it keeps no memory. Only one
// goroutine at a time may use it.
type Reader struct {
	op        Op     // of the message that has begun
	count     int    // its frames that have come whole; 0 also if none has begun
	fragments []byte // their payloads
	ready     int    // how much of the payload of the next frame is unmasked and checked
	text      utf8Check
}

// Partial reports whether frames of a message were read, but not all of them.
func (r *Reader) Partial() bool { return r.count > 0 }

// Limits bound what a peer may send.
type Limits struct {
	// MaxMessage is the longest message in bytes. 0 and below: no limit.
	MaxMessage int
	// MaxFrames is how many frames a message may have, with empty ones. 0 and below: no
	// limit.
	MaxFrames int
	// Binary lets the peer send binary messages.
	Binary bool
}

// Next reads the next message from data, which it unmasks in place, and returns how many bytes
// it has used. If data has no whole message, ok is false; n may be above 0 even then, for a
// fragment. The next call must then begin with the same bytes data[n:], as Next has left them:
// a part of a frame is unmasked and checked as it arrives. An error is an *Error. Do not use
// the Reader after an error.
func (r *Reader) Next(data []byte, lim Limits) (m Message, n int, ok bool, err error) {
	for {
		h, size, err := header(data[n:])
		if err != nil || size == 0 {
			return Message{}, n, false, err
		}
		if err := r.check(h, lim); err != nil {
			return Message{}, n, false, err
		}
		payload := data[n+size:]
		whole := int64(len(payload)) >= h.Length
		if whole {
			payload = payload[:h.Length]
		}
		if h.OpCode.IsControl() {
			if !whole {
				return Message{}, n, false, nil
			}
			ws.Cipher(payload, h.Mask, 0)
			m, err := control(h.OpCode, payload)
			return m, n + size + len(payload), err == nil, err
		}
		if !r.take(h, payload, whole) {
			return Message{}, n, false, invalidText
		}
		if !whole {
			return Message{}, n, false, nil
		}
		n += size + len(payload)
		if m, ok := r.end(h, payload); ok {
			return m, n, true, nil
		}
	}
}

// take unmasks what has come of the payload of a data frame. It reports false if that is no
// valid UTF-8 and should be.
func (r *Reader) take(h ws.Header, payload []byte, whole bool) bool {
	fresh := payload[r.ready:]
	ws.Cipher(fresh, h.Mask, r.ready)
	switch {
	case r.count > 0 && r.op != Text, r.count == 0 && h.OpCode != ws.OpText:
	case whole && h.Fin && r.count == 0 && r.ready == 0: // most messages
		if !utf8.Valid(fresh) {
			return false
		}
	case !r.text.add(fresh), whole && h.Fin && !r.text.whole():
		return false
	}
	r.ready = len(payload)
	return true
}

// end notes that a data frame is whole, and returns the message if it is the last frame.
func (r *Reader) end(h ws.Header, payload []byte) (m Message, ok bool) {
	if r.count == 0 {
		r.op = Op(h.OpCode)
	}
	if h.Fin && r.count == 0 {
		m = Message{Op: r.op, Payload: payload}
		*r = Reader{}
		return m, true
	}
	r.count++
	r.ready = 0
	r.fragments = append(r.fragments, payload...)
	if !h.Fin {
		return Message{}, false
	}
	m = Message{Op: r.op, Payload: r.fragments}
	*r = Reader{}
	return m, true
}

var invalidText = &Error{InvalidData, "text is not valid UTF-8"}

// check applies the rules of RFC 6455 section 5 and the limits to a header,
// before its payload has arrived.
func (r *Reader) check(h ws.Header, lim Limits) error {
	state := ws.StateServerSide
	if r.count > 0 {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return &Error{Protocol, err.Error()}
	}
	switch {
	case h.OpCode.IsControl():
	case h.OpCode == ws.OpBinary && !lim.Binary:
		return &Error{Unsupported, "binary messages are not understood"}
	case lim.MaxMessage > 0 && h.Length > int64(lim.MaxMessage-len(r.fragments)):
		return &Error{TooBig, "message is too big"}
	case lim.MaxFrames > 0 && r.count >= lim.MaxFrames:
		return &Error{TooBig, "message comes in too many frames"}
	}
	return nil
}

// header reads a frame header. size is 0 if it is not complete.
func header(b []byte) (h ws.Header, size int, err error) {
	if len(b) < 2 {
		return h, 0, nil
	}
	h.Fin = b[0]&0x80 != 0
	h.Rsv = b[0] >> 4 & 7
	h.OpCode = ws.OpCode(b[0] & 0xf)
	h.Masked = b[1]&0x80 != 0
	h.Length = int64(b[1] & 0x7f)
	size = 2
	switch h.Length {
	case 126:
		if size = 4; len(b) < size {
			return h, 0, nil
		}
		if h.Length = int64(binary.BigEndian.Uint16(b[2:])); h.Length < 126 {
			return h, 0, &Error{Protocol, "length is not in its shortest form"}
		}
	case 127:
		if size = 10; len(b) < size {
			return h, 0, nil
		}
		if h.Length = int64(binary.BigEndian.Uint64(b[2:])); h.Length >= 0 && h.Length < 1<<16 || h.Length < 0 {
			return h, 0, &Error{Protocol, "length is not in its shortest form or negative"}
		}
	}
	if h.Masked {
		if len(b) < size+4 {
			return h, 0, nil
		}
		h.Mask = [4]byte(b[size:])
		size += 4
	}
	return h, size, nil
}

// control checks a control frame; only a close frame has contents to check.
func control(op ws.OpCode, payload []byte) (Message, error) {
	m := Message{Op: Op(op), Payload: payload, Code: NoStatus}
	if op != ws.OpClose || len(payload) == 0 {
		return m, nil
	}
	if len(payload) == 1 {
		return m, &Error{Protocol, "close code is cut short"}
	}
	m.Code, m.Payload = Code(binary.BigEndian.Uint16(payload)), payload[2:]
	if !m.Code.sendable() {
		return m, &Error{Protocol, "close code is not to be sent"}
	}
	if !utf8.Valid(m.Payload) {
		return m, &Error{InvalidData, "close reason is not valid UTF-8"}
	}
	return m, nil
}

// sendable reports whether a peer may send c: RFC 6455 section 7.4 and the IANA
// registry (1012 to 1014), and the ranges for libraries and applications.
func (c Code) sendable() bool {
	switch {
	case c >= 1000 && c <= 1003, c >= 1007 && c <= 1014:
		return true
	}
	return c >= 3000 && c <= 4999
}
