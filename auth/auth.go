// Package auth defines how clients are authenticated: a Verifier turns the token of a client
// into an Identity.
package auth

import (
	"context"
	"errors"
	"time"
)

// Errors that a Verifier returns or wraps. Any other error means that the token cannot be
// checked now.
var (
	// ErrInvalid says that the token is not accepted.
	ErrInvalid = errors.New("token is invalid")
	// ErrExpired says that the token was valid and has expired.
	ErrExpired = errors.New("token has expired")
)

// An Identity is the user of a token.
type Identity struct {
	// UserID is the id of the user. It matches ^[A-Za-z0-9_.:@-]{1,128}$: a hub refuses any
	// other with token_invalid. A custom Verifier can map ids such as "auth0|123".
	UserID string
	// UserName is the name that others see. It may be empty. It has at most 200 UTF-16 units
	// and no NUL: a hub refuses any other with token_invalid.
	UserName string
	// ExpiresAt is when the token expires. The connection is closed then, unless the client
	// has sent a new token. Required: for a hub, zero means that the token has expired.
	ExpiresAt time.Time
}

// A Verifier checks tokens. It may be called at the same time from any goroutine. A hub does
// not log why a token is refused: call Verify to find out.
type Verifier interface {
	// Verify returns the identity of a token, or an error that wraps ErrInvalid or
	// ErrExpired. It returns soon after ctx is done.
	Verify(ctx context.Context, token string) (Identity, error)
}

// VerifierFunc makes a Verifier of a function.
type VerifierFunc func(ctx context.Context, token string) (Identity, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, token string) (Identity, error) {
	return f(ctx, token)
}
