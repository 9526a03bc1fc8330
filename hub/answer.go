package hub

import (
	"cmp"
	"errors"
	"time"

	"github.com/coupchat/coup/internal/codec"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Error codes of the wire.
const (
	badRequest   = "bad_request"
	unauthorized = "unauthorized"
	forbidden    = "forbidden"
	notJoined    = "not_joined"
	tooLarge     = "too_large"
	empty        = "empty"
	rateLimited  = "rate_limited"
	unavailable  = "unavailable"
	internal     = "internal"

	tokenInvalid = "token_invalid"
	tokenExpired = "token_expired"
	userMismatch = "user_mismatch"
)

// refuse answers a request with an error. Who is refused too often is closed.
func (s *session) refuse(req *codec.Request, code, message string) {
	s.send(errorFrame(req.ID, req.HasID, code, message, 0))
	s.tolerate()
}

// fail answers a request that the rules of the house turned down. That a part of
// the house is away is nobody's flooding.
func (s *session) fail(req *codec.Request, err error) {
	s.answer(req.ID, req.HasID, err)
	if !errors.Is(err, store.ErrUnavailable) {
		s.tolerate()
	}
}

// answer tells an error to the client: a code and a safe sentence.
func (s *session) answer(id string, hasID bool, err error) {
	var rate *room.RateError
	retry := time.Duration(0)
	code, message := internal, "something went wrong here"
	switch {
	case errors.As(err, &rate):
		code, message, retry = rateLimited, "too fast", rate.RetryAfter
	case errors.Is(err, store.ErrEmpty):
		code, message = empty, "content is empty"
	case errors.Is(err, store.ErrTooLarge):
		code, message = tooLarge, "content is over 2,000 characters"
	case errors.Is(err, room.ErrForbidden):
		code, message = forbidden, "not a member of this study"
	case errors.Is(err, room.ErrNotJoined):
		code, message = notJoined, "join the study first"
	case errors.Is(err, store.ErrUnavailable):
		code, message = unavailable, "not possible now; try again with the same clientId"
	case errors.Is(err, store.ErrInvalid):
		code, message = badRequest, cmp.Or(trim(err), "this cannot be stored")
	default:
		s.hub.opts.Log.Error("request failed", "err", err)
	}
	s.send(errorFrame(id, hasID, code, message, retry))
}

func errorFrame(id string, hasID bool, code, message string, retry time.Duration) []byte {
	e := frame(128+len(message), "error", id, hasID)
	e.String("code", code)
	e.String("message", message)
	if retry > 0 {
		e.Int("retryAfterMs", int64((retry+time.Millisecond-1)/time.Millisecond))
	}
	return ws.Seal(e.End())
}

func authError(id string, hasID bool, code, message string) []byte {
	e := frame(128, "auth_error", id, hasID)
	e.String("message", message)
	e.String("code", code)
	return ws.Seal(e.End())
}
