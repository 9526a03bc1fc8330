package hub

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// originAllowed reports whether the page that sent a request may connect. Browsers let
// every page open a WebSocket to every server, so the server checks the Origin header
// (RFC 6455 section 10.2).
func (h *Hub) originAllowed(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	switch {
	case len(origins) == 0 || h.opts.AnyOrigin:
		return true
	case len(origins) > 1:
		return false
	case len(h.opts.Origins) > 0:
		return slices.Contains(h.opts.Origins, origins[0])
	}
	u, err := url.Parse(origins[0])
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
