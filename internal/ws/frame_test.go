package ws_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup/internal/ws"
)

func TestSealMakesOneFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 128, 65535, 65536, 65537} {
		t.Run(fmt.Sprintf("%d bytes", n), func(t *testing.T) {
			payload := bytes.Repeat([]byte("x"), n)
			want := []byte{0x81, byte(n)}
			switch {
			case n > 65535:
				want = binary.BigEndian.AppendUint64([]byte{0x81, 127}, uint64(n))
			case n > 125:
				want = binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(n))
			}
			want = append(want, payload...)
			b := append(bytes.Repeat([]byte{0xee}, ws.HeaderSpace), payload...)
			if got := ws.Seal(b); !bytes.Equal(got, want) {
				t.Errorf("Seal makes %d bytes that start with % x, want %d with % x", len(got), got[:min(12, len(got))], len(want), want[:min(12, len(want))])
			}
		})
	}
}

func TestControlFramesAreWhole(t *testing.T) {
	for _, tt := range []struct {
		name, got, want string
	}{
		{"a ping", string(ws.PingFrame), "\x89\x00"},
		{"an empty pong", string(ws.PongFrame(nil)), "\x8a\x00"},
		{"a pong of bytes", string(ws.PongFrame([]byte("\x00\xff"))), "\x8a\x02\x00\xff"},
		{"a pong of 125 bytes", string(ws.PongFrame(bytes.Repeat([]byte("p"), 125))), "\x8a\x7d" + strings.Repeat("p", 125)},
		{"a close with a reason", string(ws.CloseFrame(ws.Normal, "bye")), "\x88\x05\x03\xe8bye"},
		{"a close of our own", string(ws.CloseFrame(ws.Unauthenticated, "")), "\x88\x02\x11\x31"},
		{"a close without a code", string(ws.CloseFrame(ws.NoStatus, "never sent")), "\x88\x00"},
		{"a close that cannot be said", string(ws.CloseFrame(ws.Abnormal, "never sent")), "\x88\x00"},
		{"a reason of 123 bytes", string(ws.CloseFrame(ws.Normal, strings.Repeat("r", 123))), "\x88\x7d\x03\xe8" + strings.Repeat("r", 123)},
		{"a longer reason is cut", string(ws.CloseFrame(ws.Normal, strings.Repeat("r", 500))), "\x88\x7d\x03\xe8" + strings.Repeat("r", 123)},
		{"between characters", string(ws.CloseFrame(ws.Normal, strings.Repeat("한", 42))), "\x88\x7d\x03\xe8" + strings.Repeat("한", 41)},
		{"never within one", string(ws.CloseFrame(ws.Normal, "a"+strings.Repeat("😀", 31))), "\x88\x7b\x03\xe8a" + strings.Repeat("😀", 30)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}
