package coup_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/wstest"
)

// lives is a Verifier whose tokens are names. Those in until expire at that time.
type lives struct {
	mu    sync.Mutex // guards until
	until map[string]time.Time
}

func (l *lives) Verify(ctx context.Context, token string) (auth.Identity, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.until[token]; ok {
		return auth.Identity{UserID: "u1", ExpiresAt: at}, nil
	}
	return plain(ctx, token)
}

// local is a Verifier that never waits.
type local struct{ auth.Verifier }

func (l local) VerifyLocal(token string) (auth.Identity, error) {
	return l.Verify(context.Background(), token)
}

var _ auth.LocalVerifier = local{}

// eachVerifier runs a test with each kind of session, and with a Verifier that may wait and one that never
// does.
func eachVerifier(t *testing.T, test func(t *testing.T, k kind, v auth.Verifier)) {
	eachKind(t, func(t *testing.T, k kind) {
		t.Run("which may wait", func(t *testing.T) { test(t, k, plain) })
		t.Run("which never waits", func(t *testing.T) { test(t, k, local{plain}) })
	})
}

// What follows a token at once has the rights and the limits of its user.
func TestAuthenticateAndMoreInOnePiece(t *testing.T) {
	eachVerifier(t, func(t *testing.T, k kind, v auth.Verifier) {
		_, url := k.serve(t, coup.Options{Verifier: v})
		c := wstest.Dial(t, url, nil)
		var all []byte
		for _, request := range []string{
			`{"id":"1","event":"authenticate","data":{"token":"u1"}}`,
			`{"id":"2","event":"no_such_event","data":{"x":"` + strings.Repeat("x", 20<<10) + `"}}`, // more than a stranger may send
			`{"id":"3","event":"join_room","data":{"studyId":"s1"}}`,
			`{"id":"4","event":"send_message","data":{"studyId":"s1","content":"hello"}}`,
		} {
			all = append(all, wstest.Frame(0x81, []byte(request))...)
		}
		c.Write(all)
		for _, want := range []string{"auth_success", "error", "ack", "ack"} {
			c.Expect(want)
		}
	})
}

func TestAuthenticateAnswersOnceUnderItsID(t *testing.T) {
	eachVerifier(t, func(t *testing.T, k kind, v auth.Verifier) {
		_, url := k.serve(t, coup.Options{Verifier: v})
		for _, tt := range []struct{ name, token, event, code string }{
			{"a good token", "u1:Kim Minji", "auth_success", ""},
			{"a bad one", "bad", "auth_error", "token_invalid"},
			{"an expired one", "old", "auth_error", "token_expired"},
			{"one without a user", "", "auth_error", "token_invalid"},
			{"one with an invalid user id", "u 1", "auth_error", "token_invalid"},
			{"one that cannot be checked now", "later", "error", "unavailable"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				c := wstest.Dial(t, url, nil)
				e := c.Call("authenticate", data{"token": tt.token}, func(e wstest.Event) { t.Errorf("%s came as well", e.Raw) })
				if e.Event != tt.event || e.String("code") != tt.code {
					t.Fatalf("got %s, want %s %s", e.Raw, tt.event, tt.code)
				}
				switch tt.event {
				case "auth_error":
					if e.String("message") == "" {
						t.Errorf("%s has no message", e.Raw)
					}
					c.ExpectClose(4401)
				case "auth_success":
					at, err := time.Parse("2006-01-02T15:04:05.000Z", e.String("expiresAt"))
					if e.String("userId") != "u1" || e.String("userName") != "Kim Minji" || err != nil || time.Until(at) < 59*time.Minute {
						t.Errorf("got %s (%v)", e.Raw, err)
					}
					c.Join("s1")
				default:
					c.Login("u1") // it may try again
				}
			})
		}
	})
}

func TestATokenMayBeValidForVeryLong(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		v := &lives{until: map[string]time.Time{"century": time.Unix(9_999_999_999, 0), "ages": time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}}
		_, url := k.serve(t, coup.Options{Verifier: v})
		for token, at := range v.until {
			c := wstest.Dial(t, url, nil)
			if e := c.Login(token); e.String("expiresAt") != at.UTC().Format("2006-01-02T15:04:05.000Z") {
				t.Errorf("got %s", e.Raw)
			}
			if e, err := c.Next(2 * time.Second); err == nil {
				t.Errorf("%s: got %s, want silence", token, e.Raw)
			}
		}
	})
}

func TestNothingButAuthenticateComesFirst(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		c := wstest.Dial(t, url, nil)
		for event, d := range map[string]data{
			"join_room": {"studyId": "s1"}, "leave_room": {"studyId": 7}, "send_message": {"studyId": "s1", "content": "hi"}, "no_such_event": {},
		} {
			if e := c.Call(event, d, nil); e.Event != "error" || e.String("code") != "unauthorized" {
				t.Errorf("%s: %s, want unauthorized", event, e.Raw)
			}
		}
		c.Write(wstest.Frame(0x81, []byte(`{"event":"join_room"`)))
		if e := c.Expect("error"); e.String("code") != "bad_request" {
			t.Errorf("what is no JSON: %s, want bad_request", e.Raw)
		}
		if e := c.Call("authenticate", data{}, nil); e.Event != "error" || e.String("code") != "bad_request" {
			t.Errorf("authenticate without a token: %s, want bad_request", e.Raw)
		}
		c.Login("u1")
		c.Join("s1")
	})
}

func TestAuthenticateRenewsInPlace(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		v := &lives{until: map[string]time.Time{"short": time.Now().Add(2 * time.Second), "long": time.Now().Add(time.Hour)}}
		_, url := k.serve(t, coup.Options{Verifier: v})
		c := wstest.Dial(t, url, nil)
		c.Login("short")
		c.Join("s1")
		for _, tt := range []struct{ name, token, event, code string }{
			{"a bad one", "bad", "auth_error", "token_invalid"},
			{"an expired one", "old", "auth_error", "token_expired"},
			{"somebody else's", "u2", "auth_error", "user_mismatch"},
			{"one that cannot be checked", "later", "error", "unavailable"},
			{"a good one", "long", "auth_success", ""},
		} {
			if e := c.Call("authenticate", data{"token": tt.token}, nil); e.Event != tt.event || e.String("code") != tt.code {
				t.Errorf("%s: %s, want %s %s", tt.name, e.Raw, tt.event, tt.code)
			}
			if e := say(c, "s1", "still here"); e.Event != "ack" {
				t.Errorf("after %s: %s", tt.name, e.Raw)
			}
		}
		// The first token expires and nothing happens: the room is still joined.
		expired := wstest.Dial(t, url, nil)
		v.mu.Lock()
		v.until["short2"] = time.Now().Add(1500 * time.Millisecond)
		v.mu.Unlock()
		expired.Login("short2")
		if e := expired.Expect("auth_error"); e.String("code") != "token_expired" || e.ID != nil {
			t.Errorf("got %s, want token_expired without an id", e.Raw)
		}
		expired.ExpectClose(4401)
		if time.Now().Before(v.until["short"]) {
			expired = wstest.Dial(t, url, nil)
			expired.Login("short")
			expired.ExpectClose(4401)
		}
		if e := say(c, "s1", "renewed"); e.Event != "ack" {
			t.Errorf("after the first token's end: %s", e.Raw)
		}
	})
}

func TestAClientThatDoesNotAuthenticateIsClosed(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.AuthTimeout = time.Second
		_, url := k.serve(t, opts)
		for _, greet := range []func(*wstest.Client){
			func(*wstest.Client) {},
			func(c *wstest.Client) { c.Send("join_room", nil, data{"studyId": "s1"}) },
			func(c *wstest.Client) { c.Write(wstest.Frame(0x89, nil)) },
		} {
			c := wstest.Dial(t, url, nil)
			greet(c)
			c.ExpectClose(4408)
		}
		c := wstest.Dial(t, url, nil)
		c.Login("u1")
		wstest.Dial(t, url, nil).ExpectClose(4408) // by then the other's time is over too
		c.Join("s1")
	})
}

// A name of a provider with other rules does not lock its user out.
func TestANameIsShownWithoutWhatMustNotBeInIt(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		for name, want := range map[string]string{
			"\u202eaniM\x1b[2J\r\nadmin\u2028": "aniM[2Jadmin", "Mi\u200bna": "Mina", "👩\u200d💻 Mina": "👩\u200d💻 Mina", strings.Repeat("가", 300): strings.Repeat("가", 200),
		} {
			c := wstest.Dial(t, url, nil)
			c.Send("authenticate", nil, data{"token": "u1:" + name})
			if e := c.Expect("auth_success"); e.String("userName") != want {
				t.Errorf("%+q is shown as %+q, want %+q", name, e.String("userName"), want)
			}
			c.Join("s1")
			c.Send("send_message", nil, data{"studyId": "s1", "content": "hello"})
			if e := c.Expect("new_message"); e.String("userName") != want {
				t.Errorf("%+q is shown as %+q, want %+q", name, e.String("userName"), want)
			}
			c.Close()
		}
	})
}
