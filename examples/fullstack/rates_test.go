package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASampleUserIsLimited(t *testing.T) {
	s := startAll(t)
	var mina, jun person
	call(t, s, "POST", "/api/login", "", `{"name":"Mina"}`, &mina)
	call(t, s, "POST", "/api/login", "", `{"name":"Jun"}`, &jun)
	limited := func(method, path, token, body string, most int) {
		t.Helper()
		for n := 0; ; n++ {
			authorization := ""
			if token != "" {
				authorization = "Bearer " + token
			}
			answer, b, err := exchange(t, method, "http://"+s.apiAddr+path, authorization, body)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != http.StatusTooManyRequests {
				if n > most {
					t.Errorf("%s %s was answered %d times at once", method, path, n)
					return
				}
				continue
			}
			var p struct {
				Code         string
				RetryAfterMs int64
			}
			if json.Unmarshal([]byte(b), &p) != nil || p.Code != "rate_limited" || p.RetryAfterMs < 1 || answer.Header.Get("Retry-After") == "" || n == 0 {
				t.Errorf("%s %s after %d: %s, Retry-After %q", method, path, n, b, answer.Header.Get("Retry-After"))
			}
			return
		}
	}
	limited("POST", "/api/studies", mina.Token, `{"name":"Go"}`, 40)
	if status := call(t, s, "POST", "/api/studies", jun.Token, `{"name":"Go"}`, nil); status != 201 {
		t.Errorf("another user gets %d", status)
	}
	limited("GET", "/api/studies", mina.Token, "", 1000)
	limited("POST", "/api/login", "", `{"name":"Mina"}`, 300)
	off := startAll(t, "-rate", "0")
	call(t, off, "POST", "/api/login", "", `{"name":"Mina"}`, &mina)
	for range 200 {
		if status := call(t, off, "POST", "/api/studies", mina.Token, `{"name":"Go"}`, nil); status != 201 {
			t.Fatalf("without limits: %d", status)
		}
	}
}

func TestLimitersForgetWhoIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiters(1, 2)
		for i := range 2 * maxLimiters {
			if err := l.take(fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			if len(l.byKey) > 4000 { // a thousand users come each second, who need no limiter a second later
				t.Fatalf("%d limiters are kept", len(l.byKey))
			}
			if i%1000 == 0 {
				time.Sleep(time.Second)
			}
		}
		for range 2 {
			_ = l.take("u1")
		}
		if l.take("u1") == nil {
			t.Error("a third request passes")
		}
		time.Sleep(time.Second)
		if err := l.take("u1"); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

func TestTheClientIsTheOneThatTheProxySaw(t *testing.T) {
	for _, tt := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:5000", nil, "192.0.2.1"},
		{"192.0.2.1:5000", []string{"198.51.100.7"}, "192.0.2.1"},
		{"127.0.0.1:5000", nil, "127.0.0.1"},
		{"127.0.0.1:5000", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:5000", []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:5000", []string{"unknown"}, "127.0.0.1"},
		{"[::1]:5000", []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"},
		{"[2001:db8:1:2::9]:5000", nil, "2001:db8:1:2::/64"},
		{"[::ffff:192.0.2.1]:5000", nil, "192.0.2.1"},
		{"@", nil, ""},
	} {
		r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
		if got := clientOf(r); got != tt.want {
			t.Errorf("client of %s with %q = %q, want %q", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

// The sample API reads JSON as strictly as the internal one.
func TestABodyOfTheSampleAPIIsReadStrictly(t *testing.T) {
	s := startAll(t)
	deep := strings.Repeat("[", 20) + strings.Repeat("]", 20)
	for body, want := range map[string]int{
		`{"name":"Mina"}`: 200, `{"name":"Mina","more":[{"x":null}]}`: 200, ` {"name" : "Mi\u006ea"} `: 200, `{"Name":"Jun","name":"Mina"}`: 200,
		`{"name":"Mina","name":"Jun"}`: 400, `{"NAME":"Mina"}`: 400, `{}`: 400, `[]`: 400, `null`: 400, `"Mina"`: 400, ``: 400, `{`: 400,
		`{"name":"Mina"} {}`: 400, `{"name":null}`: 400, `{"name":7}`: 400, `{"name":["Mina"]}`: 400, `{"name":"\ud83d"}`: 400, "{\"name\":\"\xff\"}": 400,
		`{"name":"a\u0000b"}`: 400, `{"name":"Mina","x":` + deep + `}`: 400, `{'name':'Mina'}`: 400, `{"name":"Mina",}`: 400, `{"name":"Mi\u200bna"}`: 400, `{"name":"\u202eMina"}`: 400,
		`{"name":"` + strings.Repeat("x", 41) + `"}`: 400, `{"name":"Mina","x":"` + strings.Repeat("x", 64<<10) + `"}`: 413,
	} {
		if got := call(t, s, "POST", "/api/login", "", body, nil); got != want {
			t.Errorf("%.60s: %d, want %d", body, got, want)
		}
	}
}

func TestEveryAnswerHasTheHeadersOfSafety(t *testing.T) {
	s := startAll(t)
	for _, url := range []string{
		"http://" + s.apiAddr + "/api/config", "http://" + s.apiAddr + "/api/nothing", "http://" + s.apiAddr + "/", "http://" + s.apiAddr + "/healthz",
		"http://" + s.signalingAddr + "/ws", "http://" + s.signalingAddr + "/metrics", "http://" + s.signalingAddr + "/nothing", s.internalURL() + "/api/internal/v1/messages",
	} {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		h := answer.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %v", url, h)
		}
	}
}
