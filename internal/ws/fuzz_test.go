package ws_test

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/ws"
)

// Any bytes are read without a panic, and with the same result in pieces of any size.
func FuzzReader(f *testing.F) {
	for _, stream := range [][]byte{
		text("hello"), join(start("a"), ping("b"), end("c")), closeWith(1000, "bye"), closing("\x03"), frame(0x82, "x"),
		join(start("\xe2\x82"), end("\xac")), text("\xff"), times(20, more("")), masked([]byte{0x81, 0xfe, 0, 1}, "x"),
		{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, join(text(""), pong("x"), text("한글")),
	} {
		f.Add(stream, uint64(1), uint8(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64, piece uint8) {
		lim := ws.Limits{MaxMessage: 256, MaxFrames: 8}
		whole := story(append([]byte(nil), stream...), lim, func() int { return 1 << 30 })
		rnd := rand.New(rand.NewPCG(seed, 0))
		chopped := story(append([]byte(nil), stream...), lim, func() int { return 1 + rnd.IntN(int(piece)+1) })
		if whole != chopped {
			t.Errorf("%x: whole %q, chopped %q", stream, whole, chopped)
		}
	})
}

// A text that comes in pieces is valid exactly if the whole is.
func FuzzUTF8(f *testing.F) {
	for _, tt := range invalid {
		f.Add([]byte("κόσμε"+tt.good+tt.bad), uint64(1))
	}
	f.Add([]byte("한글 😀\xf0\x9f"), uint64(2))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var stream []byte
		rest := b
		for len(rest) > 0 {
			n := rnd.IntN(len(rest) + 1)
			if len(stream) == 0 {
				stream = start(string(rest[:n]))
			} else {
				stream = append(stream, more(string(rest[:n]))...)
			}
			rest = rest[n:]
		}
		if len(stream) == 0 {
			stream = start("")
		}
		stream = append(stream, end("")...)
		got := story(stream, ws.Limits{}, func() int { return 1 + rnd.IntN(7) })
		want := "1007"
		if utf8.Valid(b) {
			want = word(ws.Message{Op: ws.Text, Payload: b})
		}
		if got != want {
			t.Errorf("%q: %s, want %s", b, got, want)
		}
	})
}
