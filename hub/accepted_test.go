package hub

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A proxy that keeps its connections sends a handshake over one that was accepted
// long ago: its client must have as much time to authenticate as any other.
func TestTheAgeOfAKeptConnectionDoesNotCount(t *testing.T) {
	for _, tt := range []struct {
		name   string
		server *http.Server
		age    time.Duration // of the connection, when its handshake is served
		counts time.Duration
	}{
		{"a slow handshake", &http.Server{ReadHeaderTimeout: 5 * time.Second}, 3 * time.Second, 3 * time.Second},
		{"a connection kept by a proxy", &http.Server{ReadHeaderTimeout: 5 * time.Second}, time.Hour, 5 * time.Second},
		{"one bound for the whole request", &http.Server{ReadTimeout: 8 * time.Second}, time.Hour, 8 * time.Second},
		{"a server without bounds", &http.Server{}, time.Hour, 0},
		{"no server", nil, time.Hour, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := ConnContext(context.Background(), nil)
				if tt.server != nil {
					ctx = context.WithValue(ctx, http.ServerContextKey, tt.server)
				}
				time.Sleep(tt.age)
				if got := time.Since(acceptedAt(httptest.NewRequestWithContext(ctx, "GET", "/ws", nil))); got != tt.counts {
					t.Errorf("%s count, want %s", got, tt.counts)
				}
			})
		})
	}
}

func TestPingsMustComeBeforeSilenceEnds(t *testing.T) {
	for _, tt := range []struct{ ping, pong, want time.Duration }{
		{0, 0, 35 * time.Second},
		{time.Minute, 0, 70 * time.Second},
		{-1, 0, -1},
		{-1, -1, -1},
		{time.Second, 2 * time.Second, 2 * time.Second},
		{-1, time.Minute, 0},
		{time.Minute, time.Minute, 0},
		{0, 20 * time.Second, 0},
	} {
		o := Options{PingEvery: tt.ping, PongTimeout: tt.pong}
		if err := o.setDefaults(); (err != nil) != (tt.want == 0) || err == nil && o.PongTimeout != tt.want {
			t.Errorf("PingEvery %s, PongTimeout %s: %s, %v, want %s", tt.ping, tt.pong, o.PongTimeout, err, tt.want)
		}
	}
}
