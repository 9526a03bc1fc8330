package room

import (
	"errors"
	"fmt"
	"time"

	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/store"
)

// Errors that callers branch on, besides those of package store.
var (
	// ErrForbidden says that the user is not a member of the study. It is also the
	// error for a study that does not exist.
	ErrForbidden = membership.ErrForbidden
	// ErrNotJoined says that the connection has left the study or was removed from it.
	ErrNotJoined = errors.New("not joined")
	// ErrTooMany says that the user has as many connections as Options.MaxPerUser
	// allows.
	ErrTooMany = errors.New("too many connections of one user")
	// ErrClosed says that the registry was closed.
	ErrClosed = errors.New("registry closed")
)

// A RateError says that a user has posted or joined too often.
type RateError struct {
	// RetryAfter is how long to wait before the next try.
	RetryAfter time.Duration
}

func (e *RateError) Error() string {
	return fmt.Sprintf("rate limited, retry after %v", e.RetryAfter)
}

// unavailable makes err wrap store.ErrUnavailable, unless the caller has to know
// that it wraps store.ErrInvalid.
func unavailable(err error) error {
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrInvalid) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
