package eio

import "net/http"

// mark returns what a client writes into the query so that no two of its requests look the same,
// "" if it does not. The stock client always does for polling.
//
// A request that comes again with the same mark is not one of the client: a browser or a proxy
// sends a request again if the connection that it reused breaks before the answer comes (RFC 9110
// section 9.2.2 lets them, for a GET). The answer to the first one, with its events, is lost then,
// so it is given again. A POST is not handled twice.
func mark(r *http.Request) string { return r.URL.Query().Get("t") }

// repeated returns the answer to the last GET, if this is that GET again. s.mu is held, and no GET waits.
func (s *Stream) repeated(mark string) ([]byte, bool) {
	if mark == "" || mark != s.got {
		return nil, false
	}
	return s.answered, true
}
