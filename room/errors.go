package room

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers branch on, besides those of the store.
var (
	// ErrForbidden says that the user is not a member. An absent study looks the
	// same.
	ErrForbidden = errors.New("not a member")
	// ErrNotJoined says that the seat was given up or taken away.
	ErrNotJoined = errors.New("not joined")
	// ErrTooMany says that the user has as many connections as are allowed.
	ErrTooMany = errors.New("too many connections of one user")
	// ErrClosed says that the registry was closed.
	ErrClosed = errors.New("registry closed")
)

// A RateError says that a user is too fast.
type RateError struct {
	// RetryAfter is when the next try may pass.
	RetryAfter time.Duration
}

func (e *RateError) Error() string {
	return fmt.Sprintf("rate limited, retry after %v", e.RetryAfter)
}
