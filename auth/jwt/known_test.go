package jwt

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/auth"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

// signed returns tokens of n users and a Verifier of them.
func signed(t testing.TB, n int) ([]string, *Verifier) {
	t.Helper()
	s, err := NewHS256(secret)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]string, n)
	for i := range tokens {
		if tokens[i], err = s.Sign(auth.Identity{UserID: fmt.Sprint("user-", i), UserName: "Mina", ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := New(Options{Keys: []Key{{Algorithm: "HS256", Key: secret}}, Leeway: -1})
	if err != nil {
		t.Fatal(err)
	}
	return tokens, v
}

// A token that is known is checked for everything that may change.
func TestAKnownTokenIsStillChecked(t *testing.T) {
	tokens, v := signed(t, 1)
	now := time.Now()
	for range 2 {
		who, err := v.check(tokens[0], now)
		if err != nil || who.UserID != "user-0" || who.UserName != "Mina" {
			t.Fatalf("check = %+v, %v", who, err)
		}
	}
	if len(v.known.young) != 1 {
		t.Fatalf("%d tokens are known, want 1", len(v.known.young))
	}
	if _, err := v.check(tokens[0], now.Add(2*time.Hour)); !errors.Is(refusal(err), auth.ErrExpired) {
		t.Errorf("a known token after its end: %v", err)
	}
	for i := range tokens[0] {
		other := "A"
		if tokens[0][i] == 'A' {
			other = "B"
		}
		if _, err := v.check(tokens[0][:i]+other+tokens[0][i+1:], now); err == nil {
			t.Fatalf("a known token with another sign at %d is accepted", i)
		}
	}
	if _, err := v.check(tokens[0]+strings.Repeat("A", maxToken), now); err == nil {
		t.Error("a known token with more behind it is accepted")
	}
	if len(v.known.young) != 1 {
		t.Errorf("%d tokens are known, want only the good one", len(v.known.young))
	}
}

func TestFewTokensAreKnown(t *testing.T) {
	tokens, v := signed(t, 3*maxKnown)
	for _, token := range tokens {
		if _, err := v.check(token, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(v.known.young) + len(v.known.old); n > 2*maxKnown || n < maxKnown {
		t.Errorf("%d tokens are known, want %d to %d", n, maxKnown, 2*maxKnown)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, kind := range []struct {
		name string
		n    int
	}{{"new", 10 * maxKnown}, {"known", 1}} {
		b.Run(kind.name, func(b *testing.B) {
			tokens, v := signed(b, kind.n)
			now := time.Now()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := v.check(tokens[i%len(tokens)], now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
