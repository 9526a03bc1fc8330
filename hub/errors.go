package hub

import (
	"cmp"
	"errors"
	"strings"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Error codes that clients see, see docs/protocol.md.
const (
	badRequest   = "bad_request"
	unauthorized = "unauthorized"
	forbidden    = "forbidden"
	notJoined    = "not_joined"
	tooLarge     = "too_large"
	empty        = "empty"
	rateLimited  = "rate_limited"
	unavailable  = "unavailable"
	unsupported  = "unsupported"
	notFound     = "not_found"
	rejected     = "rejected"
	internal     = "internal"

	tokenInvalid = "token_invalid"
	tokenExpired = "token_expired"
	tokenRevoked = "token_revoked"
	userMismatch = "user_mismatch"
)

// answer sends an error of the rooms to the client: a code and a sentence that may be
// public. An error that should not happen is logged.
func (s *session) answer(id native.RequestID, err error) {
	var rate *room.RateError
	var refusal *room.Rejection
	var e native.Error
	switch {
	case errors.As(err, &rate):
		e = native.Error{Code: rateLimited, Message: "too fast", RetryAfter: rate.RetryAfter}
	case errors.Is(err, store.ErrEmpty):
		e = native.Error{Code: empty, Message: "content is empty"}
	case errors.Is(err, store.ErrTooLarge):
		e = native.Error{Code: tooLarge, Message: "too large: content has at most 2,000 characters, and all that is said 16 KiB"}
	case errors.As(err, &refusal):
		e = native.Error{Code: rejected, Message: refusal.Message}
	case errors.Is(err, room.ErrNotAllowed):
		e = native.Error{Code: forbidden, Message: "your role does not allow that"}
	case errors.Is(err, room.ErrForbidden):
		e = native.Error{Code: forbidden, Message: "not a member of this study"}
	case errors.Is(err, store.ErrForbidden):
		e = native.Error{Code: forbidden, Message: "only its author may do that"}
	case errors.Is(err, store.ErrNotFound):
		e = native.Error{Code: notFound, Message: "there is no such message, or it is deleted"}
	case errors.Is(err, errors.ErrUnsupported):
		e = native.Error{Code: unsupported, Message: "this is not kept here"}
	case errors.Is(err, room.ErrNotJoined):
		e = native.Error{Code: notJoined, Message: "join the study first"}
	case isUnavailable(err):
		e = native.Error{Code: unavailable, Message: "not possible now; try again with the same clientId"}
	case errors.Is(err, store.ErrInvalid):
		e = native.Error{Code: badRequest, Message: cmp.Or(withoutKind(err), "this cannot be stored")}
	default:
		s.hub.opts.Log.Error("request failed", "err", err)
		e = native.Error{Code: internal, Message: "something went wrong here"}
	}
	sendError(s, id, e)
}

// sendError sends an error event and counts it.
func sendError(s *session, id native.RequestID, e native.Error) {
	s.hub.counts.errors.add(e.Code)
	s.send(s.dialect.Error(id, e))
}

func isUnavailable(err error) bool { return errors.Is(err, store.ErrUnavailable) }

// withoutKind returns the text of err without that of store.ErrInvalid, which the code
// says already.
func withoutKind(err error) string {
	return strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(err.Error(), store.ErrInvalid.Error()), ":\n"))
}
