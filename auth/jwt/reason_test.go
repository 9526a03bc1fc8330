package jwt_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/store"
)

func TestRefusalsSayWhy(t *testing.T) {
	one := []jwt.Key{{ID: "2026", Algorithm: "HS256", Key: secret}}
	all := keys().public()
	other := hs([]byte(long(32)))
	claims := `{"sub":"u1","exp":946688400}`
	for _, c := range []struct {
		name   string
		keys   []jwt.Key
		token  string
		reason string
		text   string
	}{
		{"too large", one, long(9000), "too_large", "it has 9000 bytes, more than 8192"},
		{"an opaque token", one, "ya29_a0AfB_byC", "malformed", "a JSON Web Token has 3 parts with dots between them, and it has 1"},
		{"encrypted", one, b64(`{"alg":"dir","enc":"A256CBC-HS512"}`) + "..aXY.Y2lwaGVy.dGFn", "encrypted", "it is encrypted, and only signed tokens can be checked"},
		{"padding, as in the header of an AWS load balancer", one, good("") + "=", "malformed", "it is not base64url"},
		{"a header that is no JSON", one, craft("alg", claims, none), "malformed", "header: not a JSON object"},
		{"crit", one, head(`{"alg":"HS256","crit":["exp"]}`), "unsupported", "header: crit is not supported"},
		{"no alg", one, head(`{}`), "algorithm", "alg is missing, the key is for HS256"},
		{"another alg", one, head(`{"alg":"HS512"}`), "algorithm", `alg is "HS512", the key is for HS256`},
		{"the alg of none of the keys", all, head(`{"alg":"none"}`), "algorithm", `alg is "none", the keys are for HS256, RS256, ES256, EdDSA`},
		{"the alg of another key than kid says", all, head(`{"alg":"HS256","kid":"rs"}`), "algorithm", `alg is "HS256", the key is for RS256`},
		{"an unknown kid", one, head(`{"alg":"HS256","kid":"2025"}`), "unknown_key", `no key has the id "2025"`},
		{"a kid that is long and no text", one, head(`{"alg":"HS256","kid":"\n` + long(200) + `"}`), "unknown_key", `no key has the id "\n` + long(79) + `"…`},
		{"another secret", one, craft(hsHeader, claims, other), "signature", "the key has not made its signature"},
		{"the secret of none of the keys", []jwt.Key{{Algorithm: "HS256", Key: secret}, {Algorithm: "HS256", Key: []byte(long(33))}}, craft(hsHeader, claims, other), "signature", "none of the 2 keys has made its signature"},
		{"no exp", one, claimed(`{"sub":"u1"}`), "no_expiry", "exp is missing"},
		{"exp is null", one, claimed(`{"sub":"u1","exp":null}`), "no_expiry", "exp is missing"},
		{"exp is a text", one, claimed(`{"sub":"u1","exp":"1610383442.123882"}`), "malformed", "exp is not a date in seconds"},
		{"no sub", one, claimed(`{"exp":946688400}`), "subject", "sub is missing"},
		{"sub is null", one, claimed(`{"sub":null,"exp":946688400}`), "subject", "sub is missing"},
		{"sub is a number", one, claimed(`{"sub":7,"exp":946688400}`), "malformed", "sub is not a string"},
		{"sub with a slash", one, claimed(`{"sub":"repo:octo/demo:ref:refs/heads/main","exp":946688400}`), "subject",
			`sub "repo:octo/demo:ref:refs/heads/main" is not a user id, which has 1 to 128 of A-Z a-z 0-9 _ . : @ | + = ~ -`},
		{"no iss", one, good(`,"aud":"chat"`), "issuer", `iss is missing, want "https://id.example.com/"`},
		{"another iss", one, good(`,"iss":"https://id.example.com","aud":"chat"`), "issuer", `iss is "https://id.example.com", want "https://id.example.com/"`},
		{"aud is null", one, good(`,"iss":"https://id.example.com/","aud":null`), "audience", `aud is missing, want "chat"`},
		{"an empty list of aud", one, good(`,"iss":"https://id.example.com/","aud":[]`), "audience", `aud is missing, want "chat"`},
		{"other auds", one, good(`,"iss":"https://id.example.com/","aud":["mail","files"]`), "audience", `aud is "mail, files", want "chat"`},
		{"nbf", one, good(`,"iss":"https://id.example.com/","aud":"chat","nbf":946684960`), "not_yet_valid", "nbf is 2m in the future"},
		{"iat", one, good(`,"iss":"https://id.example.com/","aud":"chat","iat":946684845`), "not_yet_valid", "iat is 45s in the future"},
		{"expired", one, claimed(`{"sub":"u1","iss":"https://id.example.com/","aud":"chat","exp":946684500}`), "expired", "exp was 5m ago"},
		{"expired hours ago", one, claimed(`{"sub":"u1","iss":"https://id.example.com/","aud":"chat","exp":946675500}`), "expired", "exp was 2h35m ago"},
		{"expired long ago", one, claimed(`{"sub":"u1","iss":"https://id.example.com/","aud":"chat","exp":945475200}`), "expired", "exp was 14 days ago"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := verifier(t, jwt.Options{Keys: c.keys, Issuer: "https://id.example.com/", Audience: "chat"})
				_, err := v.Verify(t.Context(), c.token)
				kind := auth.ErrInvalid
				if c.reason == "expired" {
					kind = auth.ErrExpired
				}
				var r *auth.Refusal
				if !errors.As(err, &r) || !errors.Is(err, kind) {
					t.Fatalf("Verify = %v, want a refusal that wraps %v", err, kind)
				}
				if text := strings.TrimPrefix(err.Error(), "jwt: "+kind.Error()+": "); r.Reason != c.reason || text != c.text {
					t.Errorf("Verify = %s: %s\nwant %s: %s", r.Reason, text, c.reason, c.text)
				}
				for part := range strings.SplitSeq(c.token, ".") {
					if len(part) > 8 && strings.Contains(err.Error(), part) {
						t.Errorf("the error quotes the token: %v", err)
					}
				}
			})
		})
	}
}

// Package jwt does not import store, so it has the rule of user ids twice.
func TestSubjectsAreTheUserIDsOfTheStore(t *testing.T) {
	v := verifier(t, jwt.Options{Keys: []jwt.Key{{Algorithm: "HS256", Key: secret}}})
	ids := []string{".", "..", "...", long(128), long(129)}
	for c := rune(' '); c < 0x7f; c++ {
		if c != '"' && c != '\\' {
			ids = append(ids, string(c)+"a", "a"+string(c))
		}
	}
	for _, id := range ids {
		who, err := v.Verify(t.Context(), claimed(`{"sub":"`+id+`","exp":99999999999}`))
		if want := store.ValidID(id); (err == nil) != want || want && who.UserID != id {
			t.Errorf("Verify with the sub %q = %q, %v, and ValidID says %t", id, who.UserID, err, want)
		}
	}
}
