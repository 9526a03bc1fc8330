package ws

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// A Reader reads the messages of one connection. Between messages it keeps no memory. Only one
// goroutine at a time may use it.
type Reader struct {
	fragments []byte // payload of the message that has begun
	count     int    // its frames, or 0 if none has begun
	valid     int    // how many bytes of fragments were checked to be valid UTF-8
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
}

// Next reads the next message from data, which it unmasks in place, and returns how many bytes
// it has used. If data has no whole message, ok is false; n may be above 0 even then, for a
// fragment. An error is an *Error. Do not use the Reader after an error.
func (r *Reader) Next(data []byte, lim Limits) (m Message, n int, ok bool, err error) {
	for {
		h, size, err := header(data[n:])
		if err != nil || size == 0 {
			return Message{}, n, false, err
		}
		if err := r.check(h, lim); err != nil {
			return Message{}, n, false, err
		}
		if int64(len(data)-n-size) < h.Length {
			return Message{}, n, false, nil
		}
		payload := data[n+size : n+size+int(h.Length)]
		ws.Cipher(payload, h.Mask, 0)
		n += size + len(payload)
		switch {
		case h.OpCode.IsControl():
			m, err := control(h.OpCode, payload)
			return m, n, err == nil, err
		case h.Fin && r.count == 0:
			if !utf8.Valid(payload) {
				return Message{}, n, false, invalidText
			}
			return Message{Op: Text, Payload: payload}, n, true, nil
		}
		r.count++
		r.fragments = append(r.fragments, payload...)
		if !r.validSoFar(h.Fin) {
			return Message{}, n, false, invalidText
		}
		if h.Fin {
			m := Message{Op: Text, Payload: r.fragments}
			*r = Reader{}
			return m, n, true, nil
		}
	}
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
	case h.OpCode == ws.OpBinary:
		return &Error{Unsupported, "binary messages are not understood"}
	case lim.MaxMessage > 0 && h.Length > int64(lim.MaxMessage-len(r.fragments)):
		return &Error{TooBig, "message is too big"}
	case lim.MaxFrames > 0 && r.count >= lim.MaxFrames:
		return &Error{TooBig, "message comes in too many frames"}
	}
	return nil
}

// validSoFar reports whether the fragments can still become valid UTF-8: only the last
// character may be incomplete, and none in the last frame.
func (r *Reader) validSoFar(last bool) bool {
	for r.valid < len(r.fragments) {
		c, size := utf8.DecodeRune(r.fragments[r.valid:])
		if c == utf8.RuneError && size == 1 {
			return !last && !utf8.FullRune(r.fragments[r.valid:])
		}
		r.valid += size
	}
	return true
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
