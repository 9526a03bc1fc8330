package coup_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coupchat/coup"
)

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
