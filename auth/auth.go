// Package auth defines who is knocking: a Verifier turns the token a client
// brings into an Identity.
package auth

import (
	"context"
	"errors"
	"time"
)

// Errors that a Verifier returns, or wraps. Any other error means that the token
// could not be checked now.
var (
	// ErrInvalid says that the token is not one to be accepted.
	ErrInvalid = errors.New("token is invalid")
	// ErrExpired says that the token was good once.
	ErrExpired = errors.New("token has expired")
)

// An Identity is what a token says about its bearer.
type Identity struct {
	// UserID names the user; it matches ^[A-Za-z0-9_.:@-]{1,128}$. A hub refuses
	// any other as token_invalid; a Verifier of your own can map ids such as
	// "auth0|123".
	UserID string
	// UserName is what others see; it may be empty. At most 200 UTF-16 units, without
	// NUL, or a hub refuses it as token_invalid.
	UserName string
	// ExpiresAt is when the token stops being good, and with it the connection.
	// Required: a hub takes zero for a token that has expired.
	ExpiresAt time.Time
}

// A Verifier checks tokens. It may be called at the same time from any
// goroutine. A hub does not log why a token is refused: to find out, call Verify.
type Verifier interface {
	// Verify returns who the token speaks for, or an error that wraps ErrInvalid
	// or ErrExpired. It stops when ctx is done.
	Verify(ctx context.Context, token string) (Identity, error)
}

// VerifierFunc lets a function be a Verifier.
type VerifierFunc func(ctx context.Context, token string) (Identity, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, token string) (Identity, error) {
	return f(ctx, token)
}
