package coup_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// byCookie knows the user of the cookie "session", and of the header that a proxy sets.
func byCookie(r *http.Request) (*auth.Identity, error) {
	name := r.Header.Get("X-User")
	if c, err := r.Cookie("session"); err == nil {
		name = c.Value
	}
	switch name {
	case "":
		return nil, nil
	case "wrong":
		return nil, auth.ErrInvalid
	case "down":
		return nil, errors.New("the session store does not answer")
	case "old":
		return &auth.Identity{UserID: "u1", ExpiresAt: time.Now().Add(-time.Second)}, nil
	case "soon":
		return &auth.Identity{UserID: "u1", ExpiresAt: time.Now().Add(1500 * time.Millisecond)}, nil
	}
	return &auth.Identity{UserID: name, UserName: "Mina", ExpiresAt: time.Now().Add(time.Hour)}, nil
}

func TestAHandshakeMayAuthenticate(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{Origins: []string{"https://chat.example.org"}}
		opts.Hub.Identify = byCookie
		opts.Hub.AnyOrigin = true
		s, url := k.serve(t, opts)
		const ours, theirs = "https://chat.example.org", "https://evil.example"
		for _, tt := range []struct {
			name, cookie, header, origin string
			status                       int
		}{
			{"a cookie from our page", "u1", "", ours, 101},
			{"a cookie from another page", "u1", "", theirs, 401},
			{"a cookie without an origin", "u1", "", "", 401},
			{"a cookie that is refused", "wrong", "", ours, 401},
			{"a session that has expired", "old", "", ours, 401},
			{"a user id that is none", "a/b", "", ours, 401},
			{"a session that cannot be checked", "down", "", ours, 503},
			{"the header of a proxy", "", "u2", "", 101},
		} {
			t.Run(tt.name, func(t *testing.T) {
				h := http.Header{}
				if tt.cookie != "" {
					h.Set("Cookie", "session="+tt.cookie)
				}
				if tt.header != "" {
					h.Set("X-User", tt.header)
				}
				if tt.origin != "" {
					h.Set("Origin", tt.origin)
				}
				c, resp, err := wstest.Try(t, url, h)
				if err != nil || resp.StatusCode != tt.status {
					t.Fatalf("status %v, %v, want %d", resp, err, tt.status)
				}
				if c == nil {
					return
				}
				c.Send("join_room", nil, data{"studyId": "s1"}) // before auth_success is read
				e := c.Expect("auth_success")
				if user := tt.cookie + tt.header; e.String("userId") != user || e.String("userName") != "Mina" {
					t.Errorf("%s, want the user %s", e.Raw, user)
				}
				if e := say(c, "s1", "hello"); e.Event != "ack" {
					t.Errorf("after that: %s", e.Raw)
				}
				if e := c.Call("authenticate", data{"token": "somebody-else"}, nil); e.String("code") != "user_mismatch" {
					t.Errorf("a token of somebody else: %s", e.Raw)
				}
			})
		}
		t.Run("no identity", func(t *testing.T) {
			c := wstest.Dial(t, url, nil)
			c.ExpectNothing()
			c.Login("u3")
		})
		t.Run("an identity that expires", func(t *testing.T) {
			c := wstest.Dial(t, url, http.Header{"X-User": {"soon"}})
			c.Expect("auth_success")
			if e := c.Expect("auth_error"); e.String("code") != "token_expired" {
				t.Errorf("%s", e.Raw)
			}
			c.ExpectClose(4401)
		})
		if n := s.Stats().RefusedHandshakes["identity"]; n != 6 {
			t.Errorf("%d refused identities are counted, want 6", n)
		}
	})
}

func TestUsersOfHandshakesAreLimitedToo(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		var opts coup.Options
		opts.Hub.Identify = byCookie
		opts.Room.MaxPerUser = 1
		_, url := k.serve(t, opts)
		first := wstest.Dial(t, url, http.Header{"X-User": {"u1"}})
		first.Expect("auth_success")
		second := wstest.Dial(t, url, http.Header{"X-User": {"u1"}})
		second.ExpectClose(4429)
	})
}

// A bug of the application must not cost a place for ever.
func TestAPanicOfIdentifyGivesThePlaceBack(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.MaxConnections = 2
		opts.Hub.Identify = func(r *http.Request) (*auth.Identity, error) {
			if r.Header.Get("X-User") == "boom" {
				panic(http.ErrAbortHandler)
			}
			return nil, nil
		}
		_, url := k.serve(t, opts)
		for range 5 {
			if c, _, _ := wstest.Try(t, url, http.Header{"X-User": {"boom"}}); c != nil {
				t.Fatal("the handshake succeeded")
			}
		}
		login(t, url, "u1")
		login(t, url, "u2")
	})
}

// Where everybody comes by the handshake, no Verifier is needed, and no token is good.
func TestAHandshakeIsEnough(t *testing.T) {
	opts := coup.Options{Store: store.NewMemory(), Members: coup.Everyone}
	if _, err := coup.New(opts); err == nil || !strings.Contains(err.Error(), "Identify") {
		t.Errorf("a server that can know nobody: %v", err)
	}
	opts.Hub.Identify = byCookie
	s, err := coup.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	defer web.Close()
	defer s.Shutdown(t.Context())
	c := wstest.Dial(t, web.URL, http.Header{"X-User": {"u1"}})
	if e := c.Expect("auth_success"); e.String("userId") != "u1" {
		t.Errorf("got %s", e.Raw)
	}
	c.Join("s1")
	c = wstest.Dial(t, web.URL, nil)
	if e := c.Call("authenticate", data{"token": "u1"}, nil); e.String("code") != "token_invalid" {
		t.Errorf("a token: %s, want token_invalid", e.Raw)
	}
}
