package hub

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// originAllowed reports whether the page that sent a request may connect. Browsers let
// every page open a WebSocket to every server, so the server checks the Origin header
// (RFC 6455 section 10.2).
func (h *Hub) originAllowed(r *http.Request) bool {
	return len(r.Header.Values("Origin")) == 0 || h.opts.AnyOrigin || h.originTrusted(r)
}

// originTrusted reports whether a request has one Origin, which is that of the same host or
// one that the options name.
func (h *Hub) originTrusted(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	switch {
	case len(origins) != 1:
		return false
	case slices.Contains(h.opts.Origins, origins[0]):
		return true
	case h.opts.OriginFunc != nil:
		return h.opts.OriginFunc(origins[0])
	case len(h.opts.Origins) > 0:
		return false
	}
	u, err := url.Parse(origins[0])
	return err == nil && u.Host != "" && strings.EqualFold(withoutPort(u.Scheme, u.Host), withoutPort(u.Scheme, r.Host))
}

// withoutPort returns a host without the port that a scheme has by default: a browser does not
// write it, and a proxy may.
func withoutPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// checkOrigin returns an error for an origin that no browser would send, with the form that
// would match, if there is one. A browser writes the scheme, the host in lower case, in ASCII,
// and the port unless it is the scheme's own (RFC 6454 section 6.2).
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case strings.Contains(origin, "*"):
		return fmt.Errorf("hub: origin %q has a wildcard, and origins are compared exactly: list each, or set Options.OriginFunc", origin)
	case err != nil || u.Scheme == "" || u.Host == "" || u.Hostname() == "" || u.User != nil || strings.HasSuffix(u.Host, ":"):
		return fmt.Errorf("hub: origin %q is not of the form https://host or https://host:port", origin)
	}
	for _, c := range u.Hostname() {
		if c > 0x7f {
			return fmt.Errorf("hub: origin %q is not in ASCII: browsers write such a host with xn--, as the address bar's copy shows it", origin)
		}
	}
	scheme := strings.ToLower(u.Scheme)
	switch scheme {
	case "ws":
		scheme = "http"
	case "wss":
		scheme = "https"
	}
	host := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		host = "[" + addr.String() + "]"
	}
	if port := u.Port(); port != "" && (scheme != "https" || port != "443") && (scheme != "http" || port != "80") {
		host += ":" + port
	}
	if matches := scheme + "://" + host; origin != matches {
		return fmt.Errorf("hub: origin %q would never match: browsers send %q", origin, matches)
	}
	return nil
}
