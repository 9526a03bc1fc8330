package coup_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/internal/wstest"
)

// A safeBuffer may be written to by several goroutines.
type safeBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestRefusalsAreCountedAndLoggedByReason(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		var out safeBuffer
		verify := auth.VerifierFunc(func(ctx context.Context, token string) (auth.Identity, error) {
			if token == "forged" {
				return auth.Identity{}, &auth.Refusal{Reason: "signature", Err: auth.ErrInvalid}
			}
			return plain.Verify(ctx, token)
		})
		s, url := k.serve(t, coup.Options{Verifier: verify, Origins: []string{"https://chat.example.org"}, Log: slog.New(slog.NewTextHandler(&out, nil))})
		for range 3 {
			for _, token := range []string{"forged", "bad", "old"} {
				c := wstest.Dial(t, url, nil)
				c.Send("authenticate", nil, data{"token": token})
				c.Expect("auth_error")
				c.ExpectClose(4401)
			}
			if _, resp, err := wstest.Try(t, url, http.Header{"Origin": {"https://evil.example"}}); err != nil || resp.StatusCode != 403 {
				t.Fatalf("%v %v", resp, err)
			}
			if resp, err := http.Get(url); err != nil {
				t.Fatal(err)
			} else {
				resp.Body.Close()
			}
		}
		c := login(t, url, "u1")
		c.Call("authenticate", data{"token": "u2"}, nil)
		c.Call("authenticate", data{"token": "later"}, nil)
		c.Call("nonsense", data{}, nil)
		say(c, "s1", "not joined")

		var got hub.Stats
		await(t, "nine closes", func() bool {
			got = s.Stats()
			return got.Closes["4401"] == 9
		})
		for name, c := range map[string]struct{ got, want map[string]int64 }{
			"tokens":     {got.RefusedTokens, map[string]int64{"signature": 3, "invalid": 3, "expired": 3, "user_mismatch": 1, "unavailable": 1}},
			"handshakes": {got.RefusedHandshakes, map[string]int64{"origin": 3, "malformed": 3}},
			"errors":     {got.Errors, map[string]int64{"unavailable": 1, "bad_request": 1, "not_joined": 1}},
			"closes":     {got.Closes, map[string]int64{"4401": 9}},
		} {
			if !maps.Equal(c.got, c.want) {
				t.Errorf("%s: %v, want %v", name, c.got, c.want)
			}
		}
		for _, line := range []string{"reason=signature", "reason=invalid", "reason=expired", "reason=origin origin=https://evil.example"} {
			if n := strings.Count(out.String(), line); n != 1 {
				t.Errorf("%d lines have %s, want 1:\n%s", n, line, out.String())
			}
		}
	})
}
