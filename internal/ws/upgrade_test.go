package ws_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/ws"
)

// handshake returns a valid handshake with changes: "Name: value" replaces the header of that
// name, "-Name" removes it, "+Name: value" adds a line, anything else is the request line.
func handshake(changes ...string) string {
	lines := []string{"GET /ws HTTP/1.1", "Host: chat.example.org", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	for _, c := range changes {
		name, _, header := strings.Cut(c, ":")
		switch {
		case strings.HasPrefix(c, "+"):
			lines = append(lines, c[1:])
		case strings.HasPrefix(c, "-"):
			lines = without(lines, c[1:])
		case header:
			lines = append(without(lines, name), c)
		default:
			lines[0] = c
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func without(lines []string, name string) (rest []string) {
	for _, l := range lines {
		if !strings.HasPrefix(l, name+":") {
			rest = append(rest, l)
		}
	}
	return rest
}

func TestUpgradeAcceptsValidHandshakesOnly(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, early, err := ws.Upgrade(w, r)
		if err == nil {
			conn.Write(append([]byte("early:"), early...))
			conn.Close()
		}
	}))
	defer web.Close()
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"as browsers send it", handshake("Connection: keep-alive, Upgrade"), 101},
		{"odd case", handshake("Upgrade: WebSocket", "Connection: uPGRADE"), 101},
		{"lists with spaces", handshake("Connection: foo ,\tupgrade , bar"), 101},
		{"a list of protocols", handshake("Upgrade: foo, websocket"), 101},
		{"Connection on two lines", handshake("Connection: keep-alive", "+Connection: Upgrade"), 101},
		{"Upgrade on two lines", handshake("Upgrade: foo", "+Upgrade: websocket"), 101},
		{"extensions and protocols are not taken up", handshake("Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: chat"), 101},
		{"an empty body", handshake("Content-Length: 0"), 101},
		{"POST", handshake("POST /ws HTTP/1.1", "Content-Length: 0"), 405},
		{"HEAD", handshake("HEAD /ws HTTP/1.1"), 405},
		{"HTTP/1.0", handshake("GET /ws HTTP/1.0"), 400},
		{"a plain GET", handshake("-Upgrade", "-Connection"), 426},
		{"no Upgrade", handshake("-Upgrade"), 426},
		{"no Connection", handshake("-Connection"), 426},
		{"another protocol", handshake("Upgrade: h2c"), 426},
		{"a name that only starts like it", handshake("Upgrade: websocket2"), 426},
		{"no version", handshake("-Sec-WebSocket-Version"), 400},
		{"two versions", handshake("+Sec-WebSocket-Version: 13"), 400},
		{"version 8", handshake("Sec-WebSocket-Version: 8"), 426},
		{"version 130", handshake("Sec-WebSocket-Version: 130"), 426},
		{"no key", handshake("-Sec-WebSocket-Key"), 400},
		{"two keys", handshake("+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400},
		{"a short key", handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="), 400},
		{"a long key", handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZXM="), 400},
		{"a key that is no base64", handshake("Sec-WebSocket-Key: ************************"), 400},
		{"an empty key", handshake("Sec-WebSocket-Key:"), 400},
		{"a body", handshake("Content-Length: 2") + "hi", 400},
		{"a chunked body", handshake("Transfer-Encoding: chunked") + "0\r\n\r\n", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", web.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(15 * time.Second))
			frame := ""
			if tt.status == http.StatusSwitchingProtocols {
				frame = string(text("hi"))
			}
			if _, err := conn.Write([]byte(tt.request + frame)); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(conn)
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if tt.status != http.StatusSwitchingProtocols {
				if got := resp.Header.Get("Sec-WebSocket-Version"); got != "13" {
					t.Errorf("Sec-WebSocket-Version %q, want 13", got)
				}
				return
			}
			if got := resp.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
				t.Errorf("Sec-WebSocket-Accept %q", got)
			}
			if resp.Header.Get("Sec-WebSocket-Extensions") != "" || resp.Header.Get("Sec-WebSocket-Protocol") != "" {
				t.Errorf("headers %v promise what was not agreed on", resp.Header)
			}
			got := make([]byte, len("early:"))
			if _, err := r.Read(got); err != nil || string(got) != "early:" {
				t.Errorf("after the handshake: %q, %v", got, err)
			}
		})
	}
}

func TestUpgradeNeedsAConnectionThatCanBeTakenOver(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/ws", nil)
	for k, v := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	if conn, _, err := ws.Upgrade(w, r); err == nil || conn != nil || w.Code != http.StatusInternalServerError {
		t.Errorf("Upgrade on a recorder = %v, %v with status %d, want an error with 500", conn, err, w.Code)
	}
}
