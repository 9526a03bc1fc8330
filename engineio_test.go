package coup_test

import (
	"net/http"
	"testing"

	"github.com/coupchat/coup"
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
