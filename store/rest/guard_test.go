package rest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

func TestHandlerAcceptsOnlyItsTokens(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"the token", []string{"Bearer " + token}, true},
		{"the other token of a rotation", []string{"Bearer " + other}, true},
		{"another case of the scheme", []string{"bEARER " + token}, true},
		{"no header", nil, false},
		{"an empty header", []string{""}, false},
		{"an empty token", []string{"Bearer "}, false},
		{"a prefix", []string{"Bearer " + token[:31]}, false},
		{"the token and more", []string{"Bearer " + token + "0"}, false},
		{"another token", []string{"Bearer " + strings.ToUpper(token)}, false},
		{"both tokens", []string{"Bearer " + token + other}, false},
		{"another scheme", []string{"Basic " + token}, false},
		{"no scheme", []string{token}, false},
		{"two headers", []string{"Bearer " + token, "Bearer " + token}, false},
	}
	h := newHandler(t, store.NewMemory(), rest.HandlerOptions{Tokens: []string{token, other}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", base+"/studies/s1/members/alice", nil)
			r.Header["Authorization"] = tt.headers
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if tt.ok {
				if w.Code != 200 {
					t.Errorf("%q = %d, want 200", tt.headers, w.Code)
				}
				return
			}
			if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" || !strings.Contains(w.Body.String(), `"code":"unauthorized"`) {
				t.Errorf("%q = %d %v %s, want 401", tt.headers, w.Code, w.Header(), w.Body)
			}
		})
	}
	r := httptest.NewRequest("GET", "/anything", nil)
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 401 {
		t.Errorf("an unknown path without a token = %d, want 401", w.Code)
	}
}

func TestNewRefusesOptionsThatMakeNoSense(t *testing.T) {
	for _, tokens := range [][]string{nil, {""}, {token[:31]}, {token, ""}, {token, other, token}, {token + " "}, {"토큰토큰토큰토큰토큰토큰토큰토큰"}} {
		if _, err := rest.NewHandler(store.NewMemory(), members, rest.HandlerOptions{Tokens: tokens}); err == nil {
			t.Errorf("NewHandler with tokens %q went well", tokens)
		}
	}
	if _, err := rest.NewHandler(nil, members, rest.HandlerOptions{Tokens: []string{token}}); err == nil {
		t.Error("NewHandler without a store went well")
	}
	for _, u := range []string{"", "127.0.0.1:8082", "ftp://h", "http://", "http://h?x=y", "http://h#x", "http://u:p@h", "http://h:port"} {
		if _, err := rest.NewClient(u, rest.ClientOptions{Token: token}); err == nil {
			t.Errorf("NewClient(%q) went well", u)
		}
	}
	if _, err := rest.NewClient("http://127.0.0.1", rest.ClientOptions{Token: "short"}); err == nil {
		t.Error("NewClient with a short token went well")
	}
}

func TestHandlerAcceptsOnlyJSONOfABoundedSize(t *testing.T) {
	const body = `{"studyIds":["s1"]}`
	h := newHandler(t, store.NewMemory(), rest.HandlerOptions{MaxBody: int64(len(body))})
	for _, tt := range []struct {
		name, body string
		headers    []string
		status     int
		code       string
	}{
		{"no type", body, nil, 200, ""},
		{"JSON in UTF-8", body, []string{"Content-Type", "Application/JSON; charset=UTF-8"}, 200, ""},
		{"JSON in another charset", body, []string{"Content-Type", "application/json; charset=latin1"}, 415, "bad_request"},
		{"a form", body, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "bad_request"},
		{"a type that does not parse", body, []string{"Content-Type", ";"}, 415, "bad_request"},
		{"something compressed", body, []string{"Content-Encoding", "gzip"}, 415, "bad_request"},
		{"a byte too many", body + " ", nil, 413, "too_large"},
	} {
		w := do(h, "POST", base+"/studies/heads", tt.body, tt.headers...)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.code) {
			t.Errorf("%s = %d %s, want %d %s", tt.name, w.Code, w.Body, tt.status, tt.code)
		}
	}
	big := body + strings.Repeat(" ", 4<<20)
	if w := do(newHandler(t, store.NewMemory(), rest.HandlerOptions{}), "POST", base+"/studies/heads", big); w.Code != 413 {
		t.Errorf("over 4 MiB = %d, want 413", w.Code)
	}
	if w := do(newHandler(t, store.NewMemory(), rest.HandlerOptions{MaxBody: -1}), "POST", base+"/studies/heads", big); w.Code != 200 {
		t.Errorf("over 4 MiB without a bound = %d, want 200", w.Code)
	}
}

func TestHandlerLogsTheCauseThatItDoesNotSend(t *testing.T) {
	const secret = `pq: relation "messages" does not exist`
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"anything", errors.New(secret), 500, "internal"},
		{"unavailable", fmt.Errorf("%w: %s", store.ErrUnavailable, secret), 503, "unavailable"},
		{"a deadline", fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), 503, "unavailable"},
		{"invalid", fmt.Errorf("%s: %w", secret, store.ErrInvalid), 400, "bad_request"},
		{"too large", fmt.Errorf("%s: %w", secret, store.ErrTooLarge), 400, "too_large"},
		{"empty", fmt.Errorf("%s: %w", secret, store.ErrEmpty), 400, "empty"},
		{"not found", fmt.Errorf("%s: %w", secret, store.ErrNotFound), 404, "forbidden"},
		{"a panic", nil, 500, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			st := stub{append: func(context.Context, []store.Message) ([]store.Message, error) {
				if tt.err == nil {
					panic(secret)
				}
				return nil, tt.err
			}}
			h := newHandler(t, st, rest.HandlerOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
			w := do(h, "POST", base+"/messages", `{"studyId":"s1","userId":"u1","userName":"","content":"whispered"}`)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), `"code":"`+tt.code+`"`) || strings.Contains(w.Body.String(), "pq:") {
				t.Errorf("the wire says %d %s, want %d %s", w.Code, w.Body, tt.status, tt.code)
			}
			if got := w.Header().Get("Retry-After"); (got != "") != (tt.status == 503) {
				t.Errorf("Retry-After = %q with %d", got, tt.status)
			}
			if logged := strings.Contains(log.String(), "pq:"); logged != (tt.status >= 500) {
				t.Errorf("the log says %q with %d", log.String(), tt.status)
			}
			if strings.Contains(log.String(), token) || strings.Contains(log.String(), "whispered") {
				t.Errorf("the log says too much: %s", log.String())
			}
		})
	}
}

func TestHandlerGivesTheStoreADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := stub{append: func(ctx context.Context, _ []store.Message) ([]store.Message, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		h := newHandler(t, st, rest.HandlerOptions{})
		start := time.Now()
		w := do(h, "POST", base+"/messages", `{"studyId":"s1","userId":"u1","userName":"","content":"x"}`)
		if took := time.Since(start); w.Code != 503 || took != 10*time.Second {
			t.Errorf("a store that hangs = %d after %v, want 503 after 10s", w.Code, took)
		}
	})
}

func TestAStoreThatAnswersWithTooFewMessagesIsAnError(t *testing.T) {
	st := stub{append: func(context.Context, []store.Message) ([]store.Message, error) { return nil, nil }}
	w := do(newHandler(t, st, rest.HandlerOptions{}), "POST", base+"/messages", `{"studyId":"s1","userId":"u1","userName":"","content":"x"}`)
	if w.Code != 500 {
		t.Errorf("an Append without results = %d, want 500", w.Code)
	}
}

func TestWithoutMembersNobodyIsAMember(t *testing.T) {
	h, err := rest.NewHandler(store.NewMemory(), nil, rest.HandlerOptions{Tokens: []string{token}, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if w := do(h, "GET", base+"/studies/s1/members/alice", ""); w.Code != 404 {
		t.Errorf("a member without Members = %d, want 404", w.Code)
	}
}
