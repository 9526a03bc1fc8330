package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/sqlite"
)

// A sampleAPI is the sample API without a network, so that its time can be fake.
func sampleAPI(t *testing.T, limits rates) http.Handler {
	db, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	known, err := openStudies(t.Context(), db.DB(), false)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jwt.NewHS256([]byte(strings.Repeat("k", minSecret)))
	if err != nil {
		t.Fatal(err)
	}
	verify, err := jwt.New(jwt.Options{Keys: []jwt.Key{keys.Key()}})
	if err != nil {
		t.Fatal(err)
	}
	a := &api{
		studies: known, chat: store.NewMemory(), publisher: room.Publisher{Bus: bus.NewMemory()}, verify: verify, sign: keys.Sign, rates: limits,
		log: slog.New(slog.DiscardHandler),
	}
	return a.handler()
}

func TestASampleUserIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := func(h http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		enter := func(h http.Handler, name string) (p person) {
			if w := ask(h, "POST", "/api/login", "", `{"name":"`+name+`"}`); json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Token == "" {
				t.Fatalf("login: %d %s", w.Code, w.Body)
			}
			return p
		}
		h := sampleAPI(t, newRates())
		mina, jun := enter(h, "Mina"), enter(h, "Jun")
		for _, tt := range []struct {
			method, path, token, body string
			burst                     int
			wait                      time.Duration // until the next one is answered
		}{
			{"POST", "/api/studies", mina.Token, `{"name":"Go"}`, 20, time.Second},
			{"GET", "/api/studies", mina.Token, "", 100, time.Second / 20},
			{"POST", "/api/login", "", `{"name":"Mina"}`, 100, time.Second / 5},
		} {
			time.Sleep(time.Minute) // all limiters are full
			for n := range tt.burst {
				if w := ask(h, tt.method, tt.path, tt.token, tt.body); w.Code >= 300 {
					t.Fatalf("%s %s after %d: %d %s", tt.method, tt.path, n, w.Code, w.Body)
				}
			}
			w := ask(h, tt.method, tt.path, tt.token, tt.body)
			var p struct {
				Code         string
				RetryAfterMs int64
			}
			err := json.Unmarshal(w.Body.Bytes(), &p)
			if wait := tt.wait.Milliseconds() + 1; w.Code != http.StatusTooManyRequests || err != nil || p.Code != "rate_limited" ||
				p.RetryAfterMs < 1 || p.RetryAfterMs > wait || w.Header().Get("Retry-After") == "" {
				t.Errorf("%s %s after %d: %d %s, Retry-After %q", tt.method, tt.path, tt.burst, w.Code, w.Body, w.Header().Get("Retry-After"))
			}
			if w := ask(h, "POST", "/api/studies", jun.Token, `{"name":"Go"}`); w.Code != http.StatusCreated {
				t.Errorf("another user gets %d", w.Code)
			}
			time.Sleep(time.Duration(p.RetryAfterMs) * time.Millisecond)
			if w := ask(h, tt.method, tt.path, tt.token, tt.body); w.Code >= 300 {
				t.Errorf("%s %s after %d ms: %d %s", tt.method, tt.path, p.RetryAfterMs, w.Code, w.Body)
			}
		}
		off := sampleAPI(t, rates{})
		mina = enter(off, "Mina")
		for range 200 {
			if w := ask(off, "POST", "/api/studies", mina.Token, `{"name":"Go"}`); w.Code != http.StatusCreated {
				t.Fatalf("without limits: %d", w.Code)
			}
		}
	})
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
