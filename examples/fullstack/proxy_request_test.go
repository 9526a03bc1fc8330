package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A recorder stands behind a proxy and keeps the requests that it gets, except /readyz.
type recorder struct {
	*httptest.Server
	status int // of its answers

	mu       sync.Mutex // guards requests
	requests []recorded
}

type recorded struct {
	uri    string
	header http.Header
	body   int // bytes
}

// largeAnswer is more than a proxy keeps in memory by default.
const largeAnswer = 1 << 20

func newRecorder(t *testing.T, status int) *recorder {
	t.Helper()
	r := &recorder{status: status}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/readyz" {
			w.WriteHeader(r.status)
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.requests = append(r.requests, recorded{req.RequestURI, req.Header, len(body)})
		r.mu.Unlock()
		switch {
		case req.Header.Get("Upgrade") != "":
			r.stayQuiet(t, w)
		case req.URL.Path == "/large":
			w.Write(make([]byte, largeAnswer))
		default:
			w.WriteHeader(r.status)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// quiet is longer than the 25 s between the pings of a hub.
const quiet = 27 * time.Second

// stayQuiet upgrades a connection, and sends nothing on it for a while.
func (r *recorder) stayQuiet(t *testing.T, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	<-time.After(quiet)
	fmt.Fprint(conn, "late")
}

// last returns the newest request.
func (r *recorder) last(t *testing.T) recorded {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) == 0 {
		t.Fatal("no request came through")
	}
	return r.requests[len(r.requests)-1]
}

// behind starts a proxy in front of an api and two hubs.
func behind(t *testing.T, p proxy, api, one, two *recorder) string {
	t.Helper()
	addr := func(r *recorder) string { return r.Listener.Addr().String() }
	return startProxy(t, p, map[string]string{"127.0.0.1:8080": addr(api), "127.0.0.1:8081": addr(one), "127.0.0.1:8083": addr(two)}).Addr()
}

// send sends a request with a forged origin, and returns the size of the answer.
func send(t *testing.T, method, url, body string) (status, size int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "203.0.113.7")
	req.Header.Set("X-Forwarded-Proto", "https")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Errorf("%s %s: the answer ends after %d bytes: %v", method, url, len(b), err)
	}
	return answer.StatusCode, len(b)
}

func TestAProxyPassesRequestsOnAsTheyCame(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.program, func(t *testing.T) {
			t.Parallel() // it mostly waits
			api, hub := newRecorder(t, http.StatusOK), newRecorder(t, http.StatusOK)
			addr := behind(t, p, api, hub, hub)
			for _, tt := range []struct {
				to  *recorder
				uri string
			}{
				{api, "/api/studies/" + oddStudyInPath + "/messages?after=1"},
				{api, "/api/studies/a%2Fb/messages"},
				{api, "/wsx"},
				{hub, "/ws"},
				{hub, "/socket.io/?EIO=4&transport=websocket"},
			} {
				if status, _ := send(t, "GET", "http://"+addr+tt.uri, ""); status != http.StatusOK {
					t.Fatalf("GET %s = %d", tt.uri, status)
				}
				got := tt.to.last(t)
				if got.uri != tt.uri {
					t.Errorf("%s came through as %s", tt.uri, got.uri)
				}
				for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} {
					want := map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http"}[name]
					if values := got.header.Values(name); len(values) != 1 || values[0] != want {
						t.Errorf("%s: %s = %q, want %q", tt.uri, name, values, want)
					}
				}
			}
			if status, _ := send(t, "POST", "http://"+addr+"/api/login", strings.Repeat("x", 60_000)); status != http.StatusOK {
				t.Errorf("POST of 60,000 bytes = %d", status)
			}
			if n := api.last(t).body; n != 60_000 {
				t.Errorf("%d of 60,000 bytes came through", n)
			}
			if _, n := send(t, "GET", "http://"+addr+"/large", ""); n != largeAnswer {
				t.Errorf("%d bytes of an answer of %d came through", n, largeAnswer)
			}
		})
	}
}

func TestAProxyTriesTheOtherHub(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.program, func(t *testing.T) {
			t.Parallel() // it mostly waits
			draining, hub := newRecorder(t, http.StatusServiceUnavailable), newRecorder(t, http.StatusOK)
			addr := behind(t, p, hub, draining, hub)
			// Caddy has to notice first; nginx and HAProxy ask the other hub.
			eventually(t, "20 of 20 requests reach the hub that does not drain", patience, func() error {
				for i := range 20 {
					if status, _ := send(t, "GET", "http://"+addr+"/ws", ""); status != http.StatusOK {
						if p.program != "caddy" {
							t.Fatalf("request %d = %d", i, status)
						}
						return fmt.Errorf("request %d = %d", i, status)
					}
				}
				return nil
			})
		})
	}
}

func TestAProxyKeepsAQuietConnection(t *testing.T) {
	t.Parallel() // it mostly waits
	hub := newRecorder(t, http.StatusOK)
	answers := map[string]*bufio.Reader{} // by proxy; all are quiet at the same time
	for _, p := range proxies {
		conn, err := net.Dial("tcp", behind(t, p, hub, hub, hub))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(quiet + patience)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n") // RFC 6455, section 1.3
		r := bufio.NewReader(conn)
		answer, err := http.ReadResponse(r, nil)
		if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("upgrade through %s = %v, %v", p.program, answer, err)
		}
		answers[p.program] = r
	}
	for name, r := range answers {
		if b, err := io.ReadAll(r); string(b) != "late" {
			t.Errorf("through %s, after %s without data %q came: %v", name, quiet, b, err)
		}
	}
}

// A Socket.IO client that polls has its connection on one hub, whose -tag begins its id.
func TestAProxyFindsTheHubOfAClientThatPolls(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.program, func(t *testing.T) {
			t.Parallel() // it mostly waits
			a, b := newRecorder(t, http.StatusOK), newRecorder(t, http.StatusOK)
			addr := behind(t, p, a, a, b)
			for i := range 10 {
				for tag, to := range map[string]*recorder{"a": a, "b": b} {
					uri := fmt.Sprintf("/socket.io/?EIO=4&transport=polling&t=%d&sid=%s.id%d", i, tag, i)
					if status, _ := send(t, "POST", "http://"+addr+uri, "3"); status != http.StatusOK {
						t.Fatalf("POST %s = %d", uri, status)
					}
					if got := to.last(t).uri; got != uri {
						t.Fatalf("POST %s did not reach hub %s, which got %s last", uri, tag, got)
					}
				}
			}
		})
	}
}
