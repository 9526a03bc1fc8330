package jwt

import (
	"bytes"
	"fmt"
	"time"

	jwt "github.com/golang-jwt/jwt/v5"

	"github.com/coupchat/coup/auth"
)

// A Signer signs HS256 tokens, for a program that has its own login. It may be used by several
// goroutines at the same time.
type Signer struct {
	secret []byte
}

// NewHS256 returns a Signer. A Verifier with Signer.Key accepts its tokens. The secret must
// have at least 32 bytes.
func NewHS256(secret []byte) (*Signer, error) {
	s := &Signer{secret: bytes.Clone(secret)}
	if _, err := s.Key().check(); err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	return s, nil
}

// Key returns the key with which a Verifier accepts the tokens of the Signer.
func (s *Signer) Key() Key {
	return Key{Algorithm: "HS256", Key: s.secret}
}

// Sign returns a token of an identity, issued now. It returns an error for an identity that a
// Verifier would refuse, except if it has only expired.
func (s *Signer) Sign(who auth.Identity) (string, error) {
	c := jwt.MapClaims{
		"sub": who.UserID,
		"iat": time.Now().Unix(),
		"exp": who.ExpiresAt.Unix(),
	}
	if who.UserName != "" {
		c["name"] = who.UserName
	}
	if who.TokenID != "" {
		c["jti"] = who.TokenID
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(s.secret)
	if err != nil {
		return "", fmt.Errorf("jwt: sign: %w", err)
	}
	p, err := split(token)
	if err == nil {
		_, err = parseClaims(p.claims)
	}
	if err != nil {
		return "", fmt.Errorf("jwt: sign: %w", err)
	}
	return token, nil
}
