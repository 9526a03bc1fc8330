package jwt

import (
	"bytes"
	"fmt"
	"time"

	jwt "github.com/golang-jwt/jwt/v5"

	"github.com/coupchat/coup/auth"
)

// A Signer makes HS256 tokens, for programs that hand them out themselves. It
// may be used from any goroutine.
type Signer struct {
	secret []byte
}

// NewHS256 returns a Signer whose tokens a Verifier accepts with Signer.Key. The
// secret must have at least 32 bytes.
func NewHS256(secret []byte) (*Signer, error) {
	s := &Signer{secret: bytes.Clone(secret)}
	if _, err := s.Key().check(); err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	return s, nil
}

// Key returns what a Verifier needs to accept the Signer's tokens.
func (s *Signer) Key() Key {
	return Key{Algorithm: "HS256", Key: s.secret}
}

// Sign returns a token that says who, issued now. It refuses an identity that a
// Verifier would refuse, unless only because it has expired.
func (s *Signer) Sign(who auth.Identity) (string, error) {
	c := jwt.MapClaims{
		"sub": who.UserID,
		"iat": time.Now().Unix(),
		"exp": who.ExpiresAt.Unix(),
	}
	if who.UserName != "" {
		c["name"] = who.UserName
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
