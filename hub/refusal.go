package hub

import (
	"net/http"
)

// A refusal is why a handshake is refused.
type refusal struct {
	reason     string // for logs and counters
	status     int
	message    string // for the client
	retryAfter string // seconds after which the client may try again, or empty
	err        error
}

// The refusals that always say the same.
var (
	drains    = refusal{"draining", http.StatusServiceUnavailable, "the server is about to stop", "1", nil}
	foreign   = refusal{"origin", http.StatusForbidden, "this origin is not allowed", "", nil}
	full      = refusal{"full", http.StatusServiceUnavailable, "the server is full", "5", nil}
	tooFast   = refusal{"rate", http.StatusServiceUnavailable, "too many clients come at once", "2", nil}
	strangers = refusal{"strangers", http.StatusServiceUnavailable, "too many clients have not authenticated", "5", nil}
)

// write answers a request.
func (f *refusal) write(w http.ResponseWriter) {
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	http.Error(w, f.message, f.status)
}
