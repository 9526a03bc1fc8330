package ws_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/coupchat/coup/internal/ws"
)

// limits are those of a hub.
var limits = ws.Limits{MaxMessage: 64 << 10, MaxFrames: 64}

// frame returns a masked frame with any first byte and the shortest length.
func frame(first byte, payload string) []byte {
	n := len(payload)
	switch {
	case n < 126:
		return masked([]byte{first, 0x80 | byte(n)}, payload)
	case n < 1<<16:
		return masked(binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(n)), payload)
	}
	return masked(binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, uint64(n)), payload)
}

// masked appends a mask and a masked payload to a header.
func masked(header []byte, payload string) []byte {
	mask := [4]byte{0xa1, 0x02, 0xf3, 0x44}
	b := append(header, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

func text(s string) []byte             { return frame(0x81, s) }
func start(s string) []byte            { return frame(0x01, s) }
func more(s string) []byte             { return frame(0x00, s) }
func end(s string) []byte              { return frame(0x80, s) }
func ping(s string) []byte             { return frame(0x89, s) }
func pong(s string) []byte             { return frame(0x8a, s) }
func closing(s string) []byte          { return frame(0x88, s) }
func join(frames ...[]byte) []byte     { return bytes.Join(frames, nil) }
func times(n int, frame []byte) []byte { return bytes.Repeat(frame, n) }

func closeWith(code uint16, reason string) []byte {
	return closing(string(binary.BigEndian.AppendUint16(nil, code)) + reason)
}

// story reads a stream in pieces of at most size bytes. It returns a word for each message, and
// the close code of an error. Like a session it stops after a close frame.
func story(stream []byte, lim ws.Limits, size func() int) string {
	var r ws.Reader
	var words []string
	var have []byte
	for len(stream) > 0 {
		n := min(size(), len(stream))
		have = append(have, stream[:n]...)
		stream = stream[n:]
		for {
			m, used, ok, err := r.Next(have, lim)
			if used < 0 || used > len(have) || ok && (used == 0 || err != nil) {
				return fmt.Sprintf("used %d of %d, %v, %v", used, len(have), ok, err)
			}
			have = append([]byte(nil), have[used:]...)
			var breach *ws.Error
			if errors.As(err, &breach) {
				return strings.Join(append(words, fmt.Sprint(breach.Code)), " ")
			}
			if !ok {
				break
			}
			words = append(words, word(m))
			if m.Op == ws.Close {
				return strings.Join(words, " ")
			}
		}
	}
	return strings.Join(words, " ")
}

func word(m ws.Message) string {
	payload := string(m.Payload)
	if len(payload) > 20 {
		payload = fmt.Sprintf("%d*%q", len(payload), payload[:1])
	}
	switch m.Op {
	case ws.Text:
		return "text:" + payload
	case ws.Ping:
		return "ping:" + payload
	case ws.Pong:
		return "pong:" + payload
	case ws.Close:
		return fmt.Sprintf("close:%d:%s", m.Code, payload)
	}
	return fmt.Sprint("op ", m.Op)
}
