// Package jwt checks JSON Web Tokens (RFC 7519) that were signed with known keys. It fetches
// nothing and ignores what a token says about keys: each key is for exactly one algorithm.
//
// The claims are sub, the user id (required, see store.ValidID); name, the user name (at most
// 200 UTF-16 units); exp (required), nbf and iat, all in seconds. A claim that is null counts
// as absent, and so does a kid that is null. Other claims are ignored.
//
// Every refusal is an *auth.Refusal with one of these reasons:
//
//	too_large      the token has more than 8 KiB
//	malformed      it is no JSON Web Token, or a claim has another type than it should
//	encrypted      it is encrypted (JWE) and not signed
//	unsupported    its header has crit, b64 or zip
//	unknown_key    no key has the id in its kid
//	algorithm      no key that it may use is for its alg
//	signature      none of those keys has made its signature
//	no_expiry      exp is missing
//	subject        sub is missing or not a valid user id
//	name           name is too long or has a NUL
//	issuer         iss is not Options.Issuer
//	audience       aud neither is nor contains Options.Audience
//	not_yet_valid  nbf or iat is in the future
//	expired        exp has passed, and everything else is valid (auth.ErrExpired)
package jwt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coupchat/coup/auth"
)

// The default and the largest Options.Leeway.
const (
	DefaultLeeway = 30 * time.Second
	MaxLeeway     = 60 * time.Second
)

// maxToken is the longest token, in bytes.
const maxToken = 8 << 10

// Options configure a Verifier. Keys are required.
type Options struct {
	// Keys are the keys whose signatures are accepted: one, or several during a rotation.
	// Required.
	Keys []Key
	// Issuer is what iss must be. If empty, iss is not checked.
	Issuer string
	// Audience is what aud must be or contain. If empty, aud is not checked.
	Audience string
	// Leeway is by how much clocks may differ when exp, nbf and iat are checked. It does not
	// change Identity.ExpiresAt, which may be up to Leeway in the past. A hub refuses such a
	// token all the same. Defaults to 30s, at most 60s; -1 is none.
	Leeway time.Duration
}

// A Verifier is an auth.Verifier of signed tokens. It remembers the claims of the last 512 to 1,024
// tokens whose signature it has checked, so a client that comes back costs little. Times, issuer and
// audience are checked each time.
type Verifier struct {
	keys     []Key
	issuer   string
	audience string
	leeway   time.Duration
	known    known
}

var _ auth.LocalVerifier = (*Verifier)(nil)

// New returns a Verifier. The error names the option that is missing or makes no sense.
func New(o Options) (*Verifier, error) {
	if len(o.Keys) == 0 {
		return nil, errors.New("jwt: no keys")
	}
	switch {
	case o.Leeway == 0:
		o.Leeway = DefaultLeeway
	case o.Leeway < 0:
		o.Leeway = 0
	case o.Leeway > MaxLeeway:
		return nil, fmt.Errorf("jwt: leeway %s is over %s", o.Leeway, MaxLeeway)
	}
	v := &Verifier{issuer: o.Issuer, audience: o.Audience, leeway: o.Leeway}
	ids := make(map[string]bool)
	for i, k := range o.Keys {
		k, err := k.check()
		if err != nil {
			return nil, fmt.Errorf("jwt: key %d (id %q): %w", i, k.ID, err)
		}
		if k.ID != "" && ids[k.ID] {
			return nil, fmt.Errorf("jwt: two keys have the id %q", k.ID)
		}
		ids[k.ID] = true
		v.keys = append(v.keys, k)
	}
	return v, nil
}

// Verify returns the identity of a token. The error of a token that is refused is an
// *auth.Refusal. It wraps auth.ErrExpired if the token is valid except for its age, and
// auth.ErrInvalid otherwise. It never quotes the token.
//
// If the token has a kid, it must be made with the key that has this ID. If no key has it,
// the keys without an ID are tried. If the token has none, every key is tried. A key is only
// tried for tokens of its algorithm.
func (v *Verifier) Verify(ctx context.Context, token string) (auth.Identity, error) {
	if err := ctx.Err(); err != nil {
		return auth.Identity{}, err
	}
	return v.VerifyLocal(token)
}

// VerifyLocal is Verify without a context.
func (v *Verifier) VerifyLocal(token string) (auth.Identity, error) {
	who, err := v.check(token, time.Now())
	if err != nil {
		return auth.Identity{}, refusal(err)
	}
	return who, nil
}

func (v *Verifier) check(token string, now time.Time) (auth.Identity, error) {
	c, err := v.claimsOf(token)
	if err != nil {
		return auth.Identity{}, err
	}
	if err := v.accept(c, now); err != nil {
		return auth.Identity{}, err
	}
	return auth.Identity{UserID: c.Subject, UserName: c.Name, ExpiresAt: c.ExpiresAt.Time, TokenID: c.ID}, nil
}

// claimsOf returns the claims of a token that one of the keys has signed.
func (v *Verifier) claimsOf(token string) (claims, error) {
	hash := sha256.Sum256([]byte(token))
	if c, ok := v.known.get(hash); ok {
		return c, nil
	}
	parts, err := split(token)
	if err != nil {
		return claims{}, err
	}
	if err := v.checkSignature(parts); err != nil {
		return claims{}, err
	}
	c, err := parseClaims(parts.claims)
	if err != nil {
		return claims{}, err
	}
	v.known.add(hash, c)
	return c, nil
}

// accept checks the claims. The age is checked last: a token counts as expired only if
// everything else is valid.
func (v *Verifier) accept(c claims, now time.Time) error {
	switch {
	case v.issuer != "" && c.Issuer != v.issuer:
		return because(issuer, "iss is %s, want %q", given(c.Issuer), v.issuer)
	case v.audience != "" && !c.Audience.contains(v.audience):
		return because(audience, "aud is %s, want %q", given(strings.Join(c.Audience, ", ")), v.audience)
	case now.Before(c.NotBefore.Add(-v.leeway)):
		return because(notYetValid, "nbf is %s in the future", span(c.NotBefore.Sub(now)))
	case now.Before(c.IssuedAt.Add(-v.leeway)):
		return because(notYetValid, "iat is %s in the future", span(c.IssuedAt.Sub(now)))
	case !now.Before(c.ExpiresAt.Add(v.leeway)):
		return because(expired, "exp was %s ago", span(now.Sub(c.ExpiresAt.Time)))
	}
	return nil
}
