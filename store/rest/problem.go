package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// Codes of the problems.
const (
	codeBadRequest   = "bad_request"
	codeUnauthorized = "unauthorized"
	codeForbidden    = "forbidden"
	codeTooLarge     = "too_large"
	codeEmpty        = "empty"
	codeUnsupported  = "unsupported"
	codeUnavailable  = "unavailable"
	codeInternal     = "internal"
)

// A problem is an error as it is answered (RFC 9457). Its detail may be public.
type problem struct {
	status int
	code   string
	detail string
}

func (p *problem) Error() string { return p.detail }

// bad is the problem of a request that is wrong.
func bad(format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, codeBadRequest, fmt.Sprintf(format, args...)}
}

// refused is the problem of input that Clean has refused. at is its place in the body.
func refused(at string, err error) *problem {
	return &problem{http.StatusBadRequest, codeOf(err), at + err.Error()}
}

// codeOf returns the code of an error that wraps store.ErrInvalid.
func codeOf(err error) string {
	switch {
	case errors.Is(err, store.ErrTooLarge):
		return codeTooLarge
	case errors.Is(err, store.ErrEmpty):
		return codeEmpty
	}
	return codeBadRequest
}

// problemOf returns the problem for err. The text of a store's error may have names of
// tables and the like, so the problem only says its kind.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &problem{http.StatusNotFound, codeForbidden, "not a member, or no such study"}
	case errors.Is(err, store.ErrInvalid):
		return &problem{http.StatusBadRequest, codeOf(err), "the store refused the input"}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &problem{http.StatusServiceUnavailable, codeUnavailable, "not possible now; the same request may be retried"}
	}
	return &problem{http.StatusInternalServerError, codeInternal, "internal error"}
}

// write answers with the problem.
func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	switch p.status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="internal"`)
	}
	b := append([]byte(nil), `{"type":"about:blank","title":`...)
	b = json.AppendString(b, http.StatusText(p.status))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(p.status), 10)
	b = append(b, `,"detail":`...)
	b = json.AppendString(b, p.detail)
	b = append(b, `,"code":`...)
	b = json.AppendString(b, p.code)
	b = append(b, '}')
	h.Set("Content-Type", "application/problem+json")
	send(w, p.status, b)
}

// send answers with body, which may be nil.
func send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if body != nil {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	// An error means that the caller has disconnected.
	_, _ = w.Write(body)
}
