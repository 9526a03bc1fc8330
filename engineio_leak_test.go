package coup_test

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/coupchat/coup"
)

// Clients shake hands and never poll, or upgrade halfway. Nothing of them stays.
func TestNothingStaysOfPollingClientsThatAreGone(t *testing.T) {
	opts := coup.Options{Rate: -1, Log: slog.New(slog.DiscardHandler)}
	opts.Hub.AuthTimeout, opts.Hub.CloseTimeout = 3*time.Second, time.Second
	s, url := kind{}.serve(t, opts)
	handshakes := func(t *testing.T) {
		for range 100 {
			dialPolling(t, url, nil)
		}
	}
	upgrades := func(t *testing.T) {
		for i := range 100 {
			p := dialPolling(t, url, nil)
			ws := p.probe(url)
			if i%2 == 0 {
				play(t, ws, "> 2probe\n< 3probe")
			}
			if i%4 == 0 {
				ws.write("5")
			}
			ws.Close()
		}
	}
	round := func(n int) {
		for range n {
			t.Run("handshakes", handshakes)
			t.Run("upgrades", upgrades)
		}
		waitFor(t, "all sessions have ended", func() bool { return s.Stats().Connections == 0 && s.Stats().Unauthenticated == 0 })
	}
	round(5) // maps keep the size that so many clients need
	goroutines, files, bytes := runtime.NumGoroutine(), openFiles(t), heap()
	round(5)
	round(5)
	waitFor(t, "goroutines and files are as before", func() bool { return runtime.NumGoroutine() <= goroutines+5 && openFiles(t) <= files+5 })
	if grown := heap() - bytes; grown > 1<<20 {
		t.Errorf("1,000 handshakes and 1,000 upgrades left %d bytes", grown)
	}
}
