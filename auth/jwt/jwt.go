// Package jwt checks JSON Web Tokens (RFC 7519) that were signed with known keys. It fetches
// nothing and ignores what a token says about keys: each key is for exactly one algorithm.
//
// The claims are sub, the user id (required, 1 to 128 of A-Z a-z 0-9 _ . : @ -); name, the
// user name (at most 200 UTF-16 units); exp (required), nbf and iat, all in seconds.
package jwt

import (
	"context"
	"errors"
	"fmt"
	"time"

	jwt "github.com/golang-jwt/jwt/v5"

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

// A Verifier is an auth.Verifier of signed tokens.
type Verifier struct {
	keys     []Key
	issuer   string
	audience string
	leeway   time.Duration
}

var _ auth.Verifier = (*Verifier)(nil)

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

// Verify returns the identity of a token. The error wraps auth.ErrExpired if the token is
// valid except for its age, and auth.ErrInvalid otherwise. It never quotes the token. If the
// token has a kid, only the key with that ID is tried; otherwise every key of the token's
// algorithm.
func (v *Verifier) Verify(ctx context.Context, token string) (auth.Identity, error) {
	if err := ctx.Err(); err != nil {
		return auth.Identity{}, err
	}
	parts, err := split(token)
	if err != nil {
		return auth.Identity{}, invalid(err)
	}
	if err := v.checkSignature(parts); err != nil {
		return auth.Identity{}, invalid(err)
	}
	c, err := parseClaims(parts.claims)
	if err != nil {
		return auth.Identity{}, invalid(err)
	}
	return v.accept(c, time.Now())
}

func (v *Verifier) checkSignature(p parts) error {
	for _, k := range v.keys {
		if k.Algorithm != p.header.Algorithm || p.header.KeyID != nil && *p.header.KeyID != k.ID {
			continue
		}
		if jwt.GetSigningMethod(k.Algorithm).Verify(p.signed, p.signature, k.Key) == nil {
			return nil
		}
	}
	return errors.New("no key has made its signature")
}

// accept checks the claims. The age is checked last: ErrExpired means that everything else is
// valid.
func (v *Verifier) accept(c claims, now time.Time) (auth.Identity, error) {
	switch {
	case v.issuer != "" && c.Issuer != v.issuer:
		return auth.Identity{}, invalid(errors.New("iss is another"))
	case v.audience != "" && !c.Audience.contains(v.audience):
		return auth.Identity{}, invalid(errors.New("aud is another"))
	case now.Before(c.NotBefore.Add(-v.leeway)):
		return auth.Identity{}, invalid(errors.New("nbf is in the future"))
	case now.Before(c.IssuedAt.Add(-v.leeway)):
		return auth.Identity{}, invalid(errors.New("iat is in the future"))
	case !now.Before(c.ExpiresAt.Add(v.leeway)):
		return auth.Identity{}, fmt.Errorf("jwt: %w", auth.ErrExpired)
	}
	return auth.Identity{UserID: c.Subject, UserName: c.Name, ExpiresAt: c.ExpiresAt.Time}, nil
}

func invalid(why error) error {
	return fmt.Errorf("jwt: %w: %w", auth.ErrInvalid, why)
}
