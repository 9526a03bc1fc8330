package hub

import (
	"net/http"
	"testing"
)

// With no origins configured the host and port of the page must be those of the request. The
// port that the scheme has by default may be written or not.
func TestThePortOfTheSchemeIsTheSameAsNone(t *testing.T) {
	h := &Hub{}
	for _, tt := range []struct {
		origin, host string
		want         bool
	}{
		{"https://chat.example.org", "chat.example.org", true},
		{"https://chat.example.org", "chat.example.org:443", true},
		{"http://chat.example.org", "chat.example.org:80", true},
		{"http://chat.example.org:80", "chat.example.org", true},
		{"http://[::1]", "[::1]:80", true},
		{"https://CHAT.example.org", "chat.example.org:443", true},
		{"https://chat.example.org", "chat.example.org:80", false},
		{"http://chat.example.org", "chat.example.org:443", false},
		{"https://chat.example.org:8443", "chat.example.org:443", false},
		{"https://chat.example.org", "chat.example.org:4430", false},
		{"https://chat.example.org.evil.example", "chat.example.org", false},
		{"app://chat.example.org", "chat.example.org:80", false},
		{"null", "chat.example.org", false},
	} {
		r := &http.Request{Host: tt.host, Header: http.Header{"Origin": {tt.origin}}}
		if got := h.originAllowed(r); got != tt.want {
			t.Errorf("origin %q at host %q: allowed %v, want %v", tt.origin, tt.host, got, tt.want)
		}
	}
}
