package client_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub/client"
)

// warnings counts what a logger gets above the debug level.
type warnings struct {
	slog.Handler
	mu sync.Mutex // guards n
	n  int
}

func (w *warnings) Enabled(context.Context, slog.Level) bool { return true }

func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Level >= slog.LevelWarn {
		w.n++
	}
	return nil
}

func (w *warnings) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

func TestAClientMayBeKnownByAHeader(t *testing.T) {
	var opts coup.Options
	var mu sync.Mutex // guards asked
	asked := 0
	opts.Hub.Identify = func(r *http.Request) (*auth.Identity, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		user, life := r.Header.Get("X-User"), time.Hour
		switch {
		case user == "nobody":
			return nil, auth.ErrInvalid
		case asked == 1: // the first session ends soon
			life = 1200 * time.Millisecond
		}
		return &auth.Identity{UserID: user, UserName: user, ExpiresAt: time.Now().Add(life)}, nil
	}
	_, line := serve(t, opts)
	known := func(user string, log *slog.Logger) *client.Client {
		c, err := client.New(client.Options{URL: "ws://" + line.Addr() + "/", Header: http.Header{"X-User": {user}}, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	mina := known("mina", nil)
	if _, err := mina.Join(t.Context(), "s1", client.From{}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the second handshake", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return asked == 2
	})
	if _, err := mina.Send(t.Context(), "s1", "still here"); err != nil {
		t.Error(err)
	}
	w := &warnings{}
	known("nobody", slog.New(w))
	waitFor(t, "a warning", func() bool { return w.count() > 0 })
	if _, err := client.New(client.Options{URL: "ws://" + line.Addr() + "/"}); err == nil {
		t.Error("a client that nobody can know is made")
	}
}
