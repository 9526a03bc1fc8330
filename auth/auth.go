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

// A Refusal says why a token is refused. A Verifier that returns one, or wraps one, lets a
// hub count its refusals by reason. It is optional.
type Refusal struct {
	// Reason is the cause as one word of a small fixed set, such as "expired", "signature",
	// "audience" or "revoked". Package auth/jwt lists its own. It never holds a part of the
	// token.
	Reason string
	// Err is or wraps ErrInvalid or ErrExpired. Its text is for the log: it says why, and
	// never quotes the token.
	Err error
}

// Error returns the text of Err.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns Err.
func (r *Refusal) Unwrap() error { return r.Err }

// An Identity is the user of a token.
type Identity struct {
	// UserID is the id of the user. It matches ^[A-Za-z0-9_.:@|+=~-]{1,128}$ and is neither
	// "." nor "..": a hub refuses any other with token_invalid. A custom Verifier can map
	// other ids, for example those with a slash.
	UserID string
	// UserName is the name that others see. It may be empty. A hub drops the characters that
	// store.ValidUserName refuses, and cuts it to 200 UTF-16 units.
	UserName string
	// ExpiresAt is when the token expires. The connection is closed then, unless the client
	// has sent a new token. Required: for a hub, zero means that the token has expired.
	ExpiresAt time.Time
	// TokenID names the token or the session, for a Rechecker: the claim jti, say. It may be empty.
	TokenID string
}

// A Verifier checks tokens. It may be called at the same time from any goroutine.
type Verifier interface {
	// Verify returns the identity of a token, or an error that wraps ErrInvalid or
	// ErrExpired, best a *Refusal. It returns soon after ctx is done.
	Verify(ctx context.Context, token string) (Identity, error)
}

// A LocalVerifier is a Verifier that only computes: it never waits for a network or a disk. A hub then checks
// tokens where it reads them, without a goroutine and a timer for each. *jwt.Verifier is one.
type LocalVerifier interface {
	Verifier
	// VerifyLocal is Verify without a context. It takes less than a millisecond.
	VerifyLocal(token string) (Identity, error)
}

// A Rechecker is a Verifier that can say later whether a token is still good: after a logout, a
// change of the password or a ban. Every 30 s a hub asks it about all sessions, and ends those that
// are revoked.
type Rechecker interface {
	Verifier
	// Recheck returns whether each of the sessions is revoked, in their order. sessions are at most
	// 500, as Verify (or hub.Options.Identify) returned them. After an error none ends, and the next
	// round asks again. It returns soon after ctx is done.
	Recheck(ctx context.Context, sessions []Identity) (revoked []bool, err error)
}

// VerifierFunc makes a Verifier of a function.
type VerifierFunc func(ctx context.Context, token string) (Identity, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, token string) (Identity, error) {
	return f(ctx, token)
}
