package main

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// maxBody is the largest request body of the sample API, in bytes.
const maxBody = 64 << 10

// A problem is an error that a client may see: a status, a code and a sentence. Any other
// error is logged and answered as an internal one.
type problem struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
	// RetryAfter is in milliseconds.
	RetryAfter int64 `json:"retryAfterMs,omitempty"`
}

func (p *problem) Error() string { return p.Code + ": " + p.Message }

func badRequest(message string) error {
	return &problem{status: http.StatusBadRequest, Code: "bad_request", Message: message}
}

var (
	errUnauthorized = &problem{status: http.StatusUnauthorized, Code: "unauthorized", Message: "log in first"}
	errForbidden    = &problem{status: http.StatusForbidden, Code: "forbidden", Message: "you are not a member of this study"}
	errNotLeader    = &problem{status: http.StatusForbidden, Code: "forbidden", Message: "only the owner and the moderators may do this"}
	errNotOwner     = &problem{status: http.StatusForbidden, Code: "forbidden", Message: "only the owner may do this"}
	errNotFound     = &problem{status: http.StatusNotFound, Code: "not_found", Message: "there is no such thing here"}
	errUnavailable  = &problem{status: http.StatusServiceUnavailable, Code: "unavailable", Message: "this does not work right now, try again"}
	errNoSearch     = &problem{status: http.StatusNotImplemented, Code: "unsupported", Message: "search is turned off"}
	errInternal     = &problem{status: http.StatusInternalServerError, Code: "internal", Message: "something went wrong"}
)

// asProblem returns the problem for err, and whether the cause must be logged.
func asProblem(err error) (p *problem, log bool) {
	switch {
	case errors.As(err, &p):
		return p, false
	case errors.Is(err, errNoStudy):
		return &problem{status: http.StatusNotFound, Code: "not_found", Message: "there is no such study"}, false
	case errors.Is(err, errNoMember):
		return &problem{status: http.StatusNotFound, Code: "not_found", Message: "this user is not a member of the study"}, false
	case errors.Is(err, errOwner):
		return &problem{status: http.StatusConflict, Code: "conflict", Message: "the owner cannot leave the study"}, false
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errUnavailable, true
	}
	return errInternal, true
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = stdjson.NewEncoder(w).Encode(v) // an error means that the client has disconnected
}

// readField reads the one JSON object of a request and returns a string in it, or "" if it is
// not there.
func readField(w http.ResponseWriter, r *http.Request, name string) (value string, err error) {
	err = readFields(w, r, map[string]any{name: &value})
	return value, err
}

// readFields reads the one JSON object of a request into pointers to string and bool. What is not
// there is left as it is. Duplicate keys and half surrogate pairs are refused, as in the internal API.
func readFields(w http.ResponseWriter, r *http.Request, into map[string]any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return unreadable(err, "64 KiB")
	}
	body := json.NewReader(b)
	fits := true
	isObject := body.Object(func(key []byte) {
		ok := true
		switch p := into[string(key)].(type) {
		case *string:
			*p, ok = body.String()
		case *bool:
			raw := string(body.Raw())
			*p, ok = raw == "true", raw == "true" || raw == "false"
		default:
			body.Skip()
		}
		fits = fits && ok
	})
	body.End()
	switch {
	case body.Err() != nil:
		return badRequest("the body is not the JSON object that belongs here: " + body.Err().Error())
	case !isObject || !fits:
		return badRequest("the body is not the JSON object that belongs here")
	}
	return nil
}

// unreadable returns the problem for a body that could not be read, of at most limit.
func unreadable(err error, limit string) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &problem{status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "the body is over " + limit}
	}
	return badRequest("the body could not be read")
}
