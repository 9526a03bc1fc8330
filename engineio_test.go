package coup_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
)

const (
	theirOrigin = "https://evil.example"
	ourOrigin   = "https://chat.example.org"
)

// handshakes walks through the handshake of Engine.IO 4: the request, and what it is answered with.
var handshakes = []struct {
	name, method, query string
	header              http.Header
	body                string
	status              int
	want                string // of the body; * stands for any text
}{
	{"polling", "GET", "EIO=4&transport=polling", nil, "", 200,
		`0{"sid":"*","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":10000,"maxPayload":65536}`},
	{"t is ignored", "GET", "EIO=4&transport=polling&t=abc", nil, "", 200, `0{*}`},
	{"b64 is ignored", "GET", "EIO=4&transport=polling&b64=1", nil, "", 200, `0{*}`},
	{"parameters in another order", "GET", "transport=polling&EIO=4", nil, "", 200, `0{*}`},
	{"no parameters", "GET", "", nil, "", 400, `{"code":0,"message":"Transport unknown"}`},
	{"no transport", "GET", "EIO=4", nil, "", 400, `{"code":0,"message":"Transport unknown"}`},
	{"an unknown transport", "GET", "EIO=4&transport=webtransport", nil, "", 400, `{"code":0,*`},
	{"a transport in capitals", "GET", "EIO=4&transport=POLLING", nil, "", 400, `{"code":0,*`},
	{"the transport comes before the version", "GET", "EIO=3&transport=abc", nil, "", 400, `{"code":0,*`},
	{"a forbidden origin", "GET", "EIO=4&transport=polling", http.Header{"Origin": {theirOrigin}}, "", 403, `{"code":4,"message":"Forbidden"}`},
	{"the origin comes before the id", "GET", "EIO=4&transport=polling&sid=x", http.Header{"Origin": {theirOrigin}}, "", 403, `{"code":4,*`},
	{"an unknown id", "GET", "EIO=4&transport=polling&sid=abc", nil, "", 400, `{"code":1,"message":"Session ID unknown"}`},
	{"an unknown id of the right form", "GET", "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAAA", nil, "", 400, `{"code":1,*`},
	{"an id of another hub", "GET", "EIO=4&transport=polling&sid=b.AAAAAAAAAAAAAAAAAAAAAA", nil, "", 400, `{"code":1,*`},
	{"an unknown id comes before the method", "DELETE", "EIO=4&transport=polling&sid=abc", nil, "", 400, `{"code":1,*`},
	{"an unknown id in a POST", "POST", "EIO=4&transport=polling&sid=abc", nil, "3", 400, `{"code":1,*`},
	{"a POST without an id", "POST", "EIO=4&transport=polling", nil, "40", 400, `{"code":2,"message":"Bad handshake method"}`},
	{"a PUT", "PUT", "EIO=4&transport=polling", nil, "", 400, `{"code":2,*`},
	{"a POST comes before the version", "POST", "transport=polling", nil, "", 400, `{"code":2,*`},
	{"no version", "GET", "transport=polling", nil, "", 400, `{"code":5,"message":"Unsupported protocol version"}`},
	{"a version that is no number", "GET", "EIO=abc&transport=polling", nil, "", 400, `{"code":5,*`},
	{"an old version", "GET", "EIO=3&transport=polling", nil, "", 400, `{"code":5,*`},
	{"a WebSocket that is none", "GET", "EIO=4&transport=websocket", nil, "", 400, `{"code":3,"message":"Bad request"}`},
	{"a WebSocket for polling", "GET", "EIO=4&transport=polling", upgradeHeader(), "", 400, `{"code":3,*`},
	{"a WebSocket without a version", "GET", "transport=websocket", upgradeHeader(), "", 400, `{"code":5,*`},
	{"a WebSocket of an old version", "GET", "EIO=3&transport=websocket", upgradeHeader(), "", 400, `{"code":5,*`},
	{"a WebSocket with an unknown id", "GET", "EIO=4&transport=websocket&sid=abc", upgradeHeader(), "", 400, `{"code":1,*`},
	{"a WebSocket from a forbidden origin", "GET", "EIO=4&transport=websocket", upgradeHeader("Origin", theirOrigin), "", 403, `{"code":4,*`},
}

// upgradeHeader is the header of a WebSocket handshake.
func upgradeHeader(more ...string) http.Header {
	h := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = []string{more[i+1]}
	}
	return h
}

func TestEngineIOHandshakes(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{Origins: []string{ourOrigin}})
	for _, tt := range handshakes {
		t.Run(tt.name, func(t *testing.T) {
			for _, origin := range []string{"", ourOrigin} {
				h := tt.header.Clone()
				if origin != "" && h.Get("Origin") == "" {
					if h == nil {
						h = http.Header{}
					}
					h.Set("Origin", origin)
				}
				status, head, body := request(t, tt.method, url+"/socket.io/?"+tt.query, tt.body, h)
				if status != tt.status || !like(body, tt.want) {
					t.Errorf("%d %s, want %d %s", status, body, tt.status, tt.want)
				}
				want := h.Get("Origin")
				if want == theirOrigin {
					want = ""
				}
				if got := head.Get("Access-Control-Allow-Origin"); got != want || head.Get("Vary") != "Origin" {
					t.Errorf("Access-Control-Allow-Origin %q for %q, Vary %q", got, h.Get("Origin"), head.Get("Vary"))
				}
				wantType := "application/json"
				if status == http.StatusOK {
					wantType = "text/plain; charset=UTF-8"
				}
				if got := head.Get("Content-Type"); got != wantType {
					t.Errorf("Content-Type %q, want %q", got, wantType)
				}
				if status == http.StatusOK && head.Get("Cache-Control") != "no-store" {
					t.Errorf("Cache-Control %q", head.Get("Cache-Control"))
				}
				if len(head.Values("Set-Cookie")) > 0 {
					t.Error("there is a cookie")
				}
			}
		})
	}
}

func TestAPreflightIsAnswered(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{Origins: []string{ourOrigin}})
	for origin, allowed := range map[string]bool{ourOrigin: true, theirOrigin: false} {
		status, head, body := request(t, "OPTIONS", url+"/socket.io/?EIO=4&transport=polling", "", http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type,x-mine"}})
		if status != http.StatusNoContent || body != "" {
			t.Errorf("OPTIONS from %s = %d %q", origin, status, body)
		}
		want := map[bool][3]string{true: {origin, "GET, POST", "content-type,x-mine"}}[allowed]
		for i, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
			if got := head.Get(name); got != want[i] {
				t.Errorf("from %s: %s = %q, want %q", origin, name, got, want[i])
			}
		}
	}
}

// The open packet of a WebSocket offers no upgrade.
func TestAWebSocketOffersNoUpgrade(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	play(t, dialSocket(t, url, nil), `< 0{"sid":"*","upgrades":[],"pingInterval":25000,"pingTimeout":10000,"maxPayload":65536}`)
}

// bodies are what a client may POST, and what follows: the status, and the next packet or "1" for
// the end.
var bodies = []struct {
	name, body string
	header     http.Header
	status     int
	next       string
}{
	{"one packet", "40", nil, 200, "40{*}"},
	{"several packets", payload("3", "40", `421["leave_room",{}]`), nil, 200, "40{*}"},
	{"a text/plain body", "40", http.Header{"Content-Type": {"text/plain;charset=UTF-8"}}, 200, "40{*}"},
	{"a pong with data", payload("3abc", "40"), nil, 200, "40{*}"},
	{"a noop", payload("6", "40"), nil, 200, "40{*}"},
	{"octets", "40", http.Header{"Content-Type": {"application/octet-stream"}}, 400, ""},
	{"nothing", "", nil, 400, ""},
	{"an empty packet", payload("40", ""), nil, 400, ""},
	{"an empty packet before", payload("", "40"), nil, 400, ""},
	{"base64 that is none", payload("40", "b?"), nil, 400, ""},
	{"too much", "4" + strings.Repeat("x", 16<<10), nil, 413, ""},
	{"a packet behind the last one", payload("1", "40"), nil, 400, ""},
	{"an unknown type", "9", nil, 200, "1"},
	{"a ping of the client", "2", nil, 200, "1"},
	{"an open packet of the client", "0{}", nil, 200, "1"},
	{"invalid UTF-8", "4\xff", nil, 200, "1"},
}

func TestEngineIOBodies(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	for _, tt := range bodies {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", tt.name, chunked), func(t *testing.T) {
				p := dialPolling(t, url, nil)
				status, head, body := send(t, p.url, tt.body, tt.header, chunked)
				if status != tt.status || status == 200 && (body != "ok" || head.Get("Content-Type") != "text/html") {
					t.Fatalf("POST = %d %q (%s), want %d", status, body, head.Get("Content-Type"), tt.status)
				}
				p.came = nil
				got, err := p.read()
				switch {
				case tt.status != 200 || tt.next == "1":
					if err == nil {
						t.Errorf("then %q came, want the end", got)
					}
				case err != nil || !like(got, tt.next):
					t.Errorf("then %q came (%v), want %s", got, err, tt.next)
				}
			})
		}
	}
}

// packetsOfAWebSocket are what may come over a WebSocket, and the code that follows; 0 if it stays.
func TestEngineIOPacketsOverAWebSocket(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	for _, tt := range []struct {
		name, packet string
		code         int
	}{
		{"a pong", "3", 0}, {"a pong with data", "3x", 0}, {"a noop", "6", 0}, {"an upgrade that is none", "5", 0},
		{"the end", "1", 1000}, {"a ping", "2", 1002}, {"a probe", "2probe", 1002}, {"an open packet", "0", 1002}, {"an unknown type", "7", 1002},
		{"letters", "abc", 1002}, {"nothing", "", 1002}, {"binary data", "bAQID", 1002},
		{"a message that is too long", "4" + strings.Repeat("x", 16<<10), 1009},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := dialSocket(t, url, nil)
			play(t, s, opened)
			if tt.packet == "" {
				s.Text("")
			} else {
				s.write(tt.packet)
			}
			if tt.code == 0 {
				play(t, s, "> 40\n< 40{*}")
				return
			}
			if got, err := s.read(); err != errEnded || s.code != tt.code {
				t.Errorf("got %q, %v, close %d, want %d", got, err, s.code, tt.code)
			}
		})
	}
}

// A request for an id on the other transport is a bad one.
func TestAnIDBelongsToItsTransport(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	s := dialSocket(t, url, nil)
	open, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	sid := strings.Split(open, `"`)[3]
	for _, method := range []string{"GET", "POST"} {
		if status, _, body := request(t, method, url+"/socket.io/?EIO=4&transport=polling&sid="+sid, "", nil); status != 400 || !like(body, `{"code":3,*`) {
			t.Errorf("%s for a WebSocket's id = %d %s", method, status, body)
		}
	}
	second := wstest.Dial(t, url+"/socket.io/?EIO=4&transport=websocket&sid="+sid, nil)
	second.ExpectClose(1008)
	play(t, s, "> 40\n< 40{*}")
	p := dialPolling(t, url, nil)
	if status, _, body := request(t, "GET", url+"/socket.io/?EIO=4&transport=websocket&sid="+p.sid, "", nil); status != 400 || !like(body, `{"code":3,*`) {
		t.Errorf("a WebSocket that is none = %d %s", status, body)
	}
	if status, _, body := request(t, "DELETE", p.url, "", nil); status != 400 || !like(body, `{"code":2,*`) {
		t.Errorf("DELETE = %d %s", status, body)
	}
	play(t, p, opened+"> 40\n< 40{*}")
}
