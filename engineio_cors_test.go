package coup_test

import (
	"net/http"
	"testing"

	"github.com/coupchat/coup"
)

func TestAPreflightIsAnswered(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{Origins: []string{ourOrigin}})
	for origin, allowed := range map[string]bool{ourOrigin: true, theirOrigin: false} {
		status, head, body := request(t, "OPTIONS", url+"/socket.io/?EIO=4&transport=polling", "", http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type,x-mine"}})
		if status != http.StatusNoContent || body != "" {
			t.Errorf("OPTIONS from %s = %d %q", origin, status, body)
		}
		want := map[bool][3]string{true: {origin, "GET, POST", "content-type,x-mine"}}[allowed]
		for i, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
			if got := head.Get(name); got != want[i] {
				t.Errorf("from %s: %s = %q, want %q", origin, name, got, want[i])
			}
		}
	}
}

// The open packet of a WebSocket offers no upgrade.
func TestAWebSocketOffersNoUpgrade(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	play(t, dialSocket(t, url, nil), `< 0{"sid":"*","upgrades":[],"pingInterval":25000,"pingTimeout":10000,"maxPayload":65536}`)
}

// A page of any other site may be let in, but not with the cookies of its visitors.
func TestCredentialsAreForListedOrigins(t *testing.T) {
	opts := coup.Options{Origins: []string{ourOrigin}}
	opts.Hub.AnyOrigin = true
	_, url := kind{}.serve(t, opts)
	for origin, want := range map[string]string{ourOrigin: "true", theirOrigin: ""} {
		status, head, _ := request(t, "GET", url+"/socket.io/?EIO=4&transport=polling", "", http.Header{"Origin": {origin}})
		if got := head.Get("Access-Control-Allow-Credentials"); status != http.StatusOK || got != want || head.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s: %d, credentials %q, want %q", origin, status, got, want)
		}
	}
}
