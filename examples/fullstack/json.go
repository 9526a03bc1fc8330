package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

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
}

func (p *problem) Error() string { return p.Code + ": " + p.Message }

func badRequest(message string) error {
	return &problem{http.StatusBadRequest, "bad_request", message}
}

var (
	errUnauthorized = &problem{http.StatusUnauthorized, "unauthorized", "log in first"}
	errForbidden    = &problem{http.StatusForbidden, "forbidden", "you are not a member of this study"}
	errNotOwner     = &problem{http.StatusForbidden, "forbidden", "only the owner may do this"}
	errNotFound     = &problem{http.StatusNotFound, "not_found", "there is no such thing here"}
	errUnavailable  = &problem{http.StatusServiceUnavailable, "unavailable", "this does not work right now, try again"}
	errInternal     = &problem{http.StatusInternalServerError, "internal", "something went wrong"}
)

// asProblem returns the problem for err, and whether the cause must be logged.
func asProblem(err error) (p *problem, log bool) {
	switch {
	case errors.As(err, &p):
		return p, false
	case errors.Is(err, errNoStudy):
		return &problem{http.StatusNotFound, "not_found", "there is no such study"}, false
	case errors.Is(err, errNoMember):
		return &problem{http.StatusNotFound, "not_found", "this user is not a member of the study"}, false
	case errors.Is(err, errOwner):
		return &problem{http.StatusConflict, "conflict", "the owner cannot leave the study"}, false
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errUnavailable, true
	}
	return errInternal, true
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has disconnected
}

// readJSON reads the one JSON object of a request into v.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &problem{http.StatusRequestEntityTooLarge, "too_large", "the body is over 64 KiB"}
	case err != nil:
		return badRequest("the body could not be read")
	case !utf8.Valid(b):
		return badRequest("the body is not UTF-8")
	case json.Unmarshal(b, v) != nil:
		return badRequest("the body is not the JSON object that belongs here")
	}
	return nil
}
