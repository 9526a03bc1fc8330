package ws_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws/wsutil"

	gobwas "github.com/gobwas/ws"

	"github.com/coupchat/coup/internal/ws"
)

// What counts as a handshake has all that RFC 6455 section 4.2.1 asks for, once.
func FuzzHandshake(f *testing.F) {
	f.Add(handshake())
	f.Add(handshake("Connection: keep-alive, Upgrade", "Upgrade: WebSocket"))
	f.Add(handshake("Sec-WebSocket-Key: short"))
	f.Add(handshake("POST /ws HTTP/1.1", "+Content-Length: 3"))
	f.Add(handshake("GET /ws HTTP/1.0", "+Sec-WebSocket-Version: 13"))
	f.Add("GET /ws HTTP/1.1\nHost: x\n\n")
	f.Fuzz(func(t *testing.T, request string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
		if err != nil || !ws.IsHandshake(r) {
			return
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
		h := r.Header
		switch {
		case r.Method != "GET" || !r.ProtoAtLeast(1, 1) || r.ProtoAtLeast(2, 0):
			t.Errorf("%s %s", r.Method, r.Proto)
		case err != nil || len(key) != 16 || len(h["Sec-Websocket-Key"]) != 1:
			t.Errorf("key %q", h["Sec-Websocket-Key"])
		case len(h["Sec-Websocket-Version"]) != 1 || strings.TrimSpace(h.Get("Sec-WebSocket-Version")) != "13":
			t.Errorf("version %q", h["Sec-Websocket-Version"])
		case !strings.Contains(strings.ToLower(strings.Join(h["Connection"], ",")), "upgrade"):
			t.Errorf("connection %q", h["Connection"])
		case !strings.Contains(strings.ToLower(strings.Join(h["Upgrade"], ",")), "websocket"):
			t.Errorf("upgrade %q", h["Upgrade"])
		case r.ContentLength > 0 || len(r.TransferEncoding) > 0:
			t.Error("it has a body")
		}
	})
}

// Whatever this Reader takes, the reader of gobwas/ws takes too, and reads the same.
func FuzzReaderBesideAnother(f *testing.F) {
	for _, stream := range [][]byte{
		text("hello"), join(start("a"), ping("b"), end("c")), frame(0x82, "\xff"), join(start("\xe2\x82"), more(""), end("\xac")), join(text(""), pong("x"), text("한글")),
		join(frame(0x02, "\x00"), end("\xff"), text("a")),
	} {
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var r ws.Reader
		var ours []string
		used := 0
		for own := bytes.Clone(stream); ; {
			m, n, ok, err := r.Next(own, ws.Limits{Binary: true})
			if err != nil || !ok || m.Op == ws.Close {
				break
			}
			used += n
			own = own[n:]
			if m.Op == ws.Text || m.Op == ws.Binary {
				ours = append(ours, string(m.Payload))
			}
		}
		other := wsutil.Reader{
			Source: bytes.NewReader(stream[:used]), State: gobwas.StateServerSide, CheckUTF8: true,
			OnIntermediate: func(h gobwas.Header, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err },
		}
		for i := 0; i < len(ours); {
			h, err := other.NextFrame()
			if err != nil {
				t.Fatalf("%x: after %d messages: %v", stream, i, err)
			}
			payload, err := io.ReadAll(&other)
			if err != nil {
				t.Fatalf("%x: message %d: %v", stream, i, err)
			}
			if h.OpCode.IsControl() {
				continue
			}
			if string(payload) != ours[i] {
				t.Fatalf("%x: message %d is %q, and %q for the other", stream, i, ours[i], payload)
			}
			i++
		}
	})
}
