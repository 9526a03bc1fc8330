package ws_test

import (
	"math/rand/v2"
	"testing"

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
