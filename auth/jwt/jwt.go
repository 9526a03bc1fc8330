// Package jwt checks JSON Web Tokens (RFC 7519) signed by somebody whose key is
// known beforehand. It fetches nothing and believes nothing a token says about
// keys: each key serves exactly one algorithm.
//
// A token says: sub, the user id (required, 1 to 128 of A-Z a-z 0-9 _ . : @ -);
// name, the user name (at most 200 UTF-16 units); exp (required), nbf and iat, all
// in seconds.
package jwt

import (
	"context"
	"errors"
	"fmt"
	"time"

	jwt "github.com/golang-jwt/jwt/v5"

	"github.com/coupchat/coup/auth"
)

// Limits on Options.Leeway.
const (
	DefaultLeeway = 30 * time.Second
	MaxLeeway     = 60 * time.Second
)

// maxToken is the longest token, in bytes.
const maxToken = 8 << 10

// Options for New.
type Options struct {
	// Keys are those whose signatures count. At least one; several for rotation.
	Keys []Key
	// Issuer is what iss must be. Empty: iss does not matter.
	Issuer string
	// Audience is what aud must be or contain. Empty: aud does not matter.
	Audience string
	// Leeway is how far clocks may be apart when exp, nbf and iat are checked. It
	// does not move Identity.ExpiresAt, which may therefore lie up to Leeway in
	// the past; a hub refuses who has expired all the same. Defaults to 30s, at most 60s; negative means none.
	Leeway time.Duration
}

// A Verifier is an auth.Verifier of signed tokens, made by New.
type Verifier struct {
	keys     []Key
	issuer   string
	audience string
	leeway   time.Duration
}

var _ auth.Verifier = (*Verifier)(nil)

// New returns a Verifier, or an error that says which option is wrong.
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

// Verify returns who the token speaks for. The error wraps auth.ErrExpired if
// nothing is wrong with the token but its age, and auth.ErrInvalid otherwise; it
// never quotes the token. If the token has a kid, only the key of that ID counts;
// if not, every key of the token's algorithm does.
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

// accept holds the claims against what v wants of them. Age comes last: only
// what is good otherwise can have expired.
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
