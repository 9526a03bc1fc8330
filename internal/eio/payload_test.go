package eio

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/coupchat/coup/internal/ws"
)

// FuzzPayload checks that the packets of a payload come out of the frames as they were.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{"3", "4hello\x1e3", "bAQID\x1e4x", "1", "4x\x1e1", "", "\x1e", "4x\x1e", "b!"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		out, end, ok := frames(payload)
		if !ok {
			return
		}
		var r ws.Reader
		var again [][]byte
		for len(out) > 0 {
			m, n, whole, err := r.Next(out, ws.Limits{Binary: true})
			if err != nil {
				if err.(*ws.Error).Code == ws.InvalidData { // the session closes then
					return
				}
				t.Fatal(err)
			}
			if !whole {
				t.Fatalf("half a frame of %q", payload)
			}
			out = out[n:]
			switch m.Op {
			case ws.Text:
				again = append(again, bytes.Clone(m.Payload))
			case ws.Binary:
				again = append(again, append([]byte("b"), base64.StdEncoding.EncodeToString(m.Payload)...))
			case ws.Close:
				again = append(again, []byte("1"))
			}
		}
		if got := bytes.Join(again, []byte{separator}); !bytes.Contains(payload, []byte{'\n'}) && !bytes.Contains(payload, []byte{'\r'}) && !bytes.Equal(got, payload) {
			t.Fatalf("%q came out as %q", payload, got)
		}
		if last := again[len(again)-1]; end != (string(last) == "1") {
			t.Fatalf("end of %q: %v", payload, end)
		}
	})
}

func TestAPayloadTakesWholeFramesAndNoCloseFrameBesideOthers(t *testing.T) {
	text := func(s string) []byte { return ws.Seal(append(make([]byte, ws.HeaderSpace), s...)) }
	large := string(bytes.Repeat([]byte("x"), maxPayload))
	two := append(text("4a"), text("4b")...)
	for _, tt := range []struct {
		name        string
		payload, in []byte
		want        string
		n           int
		end         bool
	}{
		{"two", nil, two, "4a\x1e4b", len(two), false},
		{"after others", []byte("4z"), text("4a"), "4z\x1e4a", 4, false},
		{"a close frame behind others", nil, append(text("41"), ws.CloseFrame(ws.Policy, "x")...), "41", 4, true},
		{"a close frame", nil, ws.CloseFrame(ws.GoingAway, "x"), "", 0, true},
		{"no more than is enough", nil, append(text(large), text("4a")...), large, len(text(large)), false},
	} {
		got, n, end := take(tt.payload, tt.in)
		if string(got) != tt.want || n != tt.n || end != tt.end {
			t.Errorf("%s: take = %.40q, %d, %v", tt.name, got, n, end)
		}
	}
}
