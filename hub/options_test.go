package hub

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A proxy may send a handshake over a connection that was accepted long ago. The client
// must have enough time to authenticate all the same.
func TestTheAgeOfAKeptConnectionDoesNotCount(t *testing.T) {
	for _, tt := range []struct {
		name        string
		age, counts time.Duration // of the connection, when its handshake is served
	}{
		{"a new connection", 0, 0},
		{"a slow handshake", 4 * time.Second, 4 * time.Second},
		{"a connection kept by a proxy", time.Hour, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &Hub{opts: Options{AuthTimeout: 10 * time.Second}}
				r := httptest.NewRequestWithContext(ConnContext(t.Context(), nil), "GET", "/ws", nil)
				time.Sleep(tt.age)
				if got := time.Since(h.acceptedAt(r)); got != tt.counts {
					t.Errorf("%s count, want %s", got, tt.counts)
				}
				if got := time.Since(h.acceptedAt(httptest.NewRequest("GET", "/ws", nil))); got != 0 {
					t.Errorf("without ConnContext %s count, want none", got)
				}
			})
		})
	}
}

func TestPongTimeoutMustBeLongerThanPingEvery(t *testing.T) {
	for _, tt := range []struct{ ping, pong, want time.Duration }{
		{0, 0, 35 * time.Second},
		{time.Minute, 0, 70 * time.Second},
		{-1, 0, -1},
		{-1, -1, -1},
		{time.Second, 2 * time.Second, 2 * time.Second},
		{-1, time.Minute, time.Minute},
		{time.Minute, time.Minute, 0},
		{0, 20 * time.Second, 0},
		{34100 * time.Millisecond, 35 * time.Second, 0}, // the hub counts whole seconds
	} {
		o := Options{PingEvery: tt.ping, PongTimeout: tt.pong}
		if err := o.setDefaults(); (err != nil) != (tt.want == 0) || err == nil && o.PongTimeout != tt.want {
			t.Errorf("PingEvery %s, PongTimeout %s: %s, %v, want %s", tt.ping, tt.pong, o.PongTimeout, err, tt.want)
		}
	}
}
