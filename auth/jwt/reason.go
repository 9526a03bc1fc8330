package jwt

import (
	"errors"
	"fmt"
	"time"

	"github.com/coupchat/coup/auth"
)

// The reasons of an auth.Refusal. The package comment explains them.
const (
	tooLarge    = "too_large"
	malformed   = "malformed"
	encrypted   = "encrypted"
	unsupported = "unsupported"
	algorithm   = "algorithm"
	unknownKey  = "unknown_key"
	signature   = "signature"
	noExpiry    = "no_expiry"
	subject     = "subject"
	issuer      = "issuer"
	audience    = "audience"
	notYetValid = "not_yet_valid"
	expired     = "expired"
)

// A cause is why a token is refused: one of the reasons, and one clause for the log.
type cause struct{ reason, text string }

func (c *cause) Error() string { return c.text }

func because(reason, format string, args ...any) error {
	return &cause{reason, fmt.Sprintf(format, args...)}
}

// refusal returns the error of Verify. An err that is no cause says that the token is
// malformed.
func refusal(err error) error {
	r := &auth.Refusal{Reason: malformed}
	if c := (*cause)(nil); errors.As(err, &c) {
		r.Reason = c.reason
	}
	kind := auth.ErrInvalid
	if r.Reason == expired {
		kind = auth.ErrExpired
	}
	r.Err = fmt.Errorf("jwt: %w: %w", kind, err)
	return r
}

// maxQuoted is how much of a claim or a kid an error quotes, in bytes.
const maxQuoted = 80

// quoted returns s for an error: a token may have any text in it, of any length.
func quoted(s string) string {
	if len(s) > maxQuoted {
		return fmt.Sprintf("%+q…", s[:maxQuoted])
	}
	return fmt.Sprintf("%+q", s)
}

// given is quoted, and says so if s is empty or was not given.
func given(s string) string {
	if s == "" {
		return "missing"
	}
	return quoted(s)
}

// span returns a duration as people say it: 3s, 5m, 2h30m, 12 days.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		d = d.Truncate(time.Minute)
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.Truncate(time.Second).String()
}
