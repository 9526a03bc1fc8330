package coup_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub"
)

// A rechecking Verifier takes every token, and knows which users are revoked.
type rechecking struct {
	auth.Verifier

	mu      sync.Mutex // guards what follows
	revoked []string
	fails   bool
	panics  bool
	asked   int
}

func (r *rechecking) Recheck(_ context.Context, sessions []auth.Identity) ([]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.fails {
		return nil, errors.New("the session store is down")
	}
	if r.panics {
		panic("a bug")
	}
	out := make([]bool, len(sessions))
	for i, s := range sessions {
		out[i] = slices.Contains(r.revoked, s.UserID)
	}
	return out, nil
}

// set changes r and waits until it was asked twice since.
func (r *rechecking) set(t *testing.T, change func()) {
	t.Helper()
	r.mu.Lock()
	change()
	r.asked = 0
	r.mu.Unlock()
	await(t, "two questions", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.asked >= 2
	})
}

func TestSessionsAreRechecked(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		r := &rechecking{Verifier: plain}
		_, url := k.serve(t, coup.Options{Verifier: r, Hub: hub.Options{RecheckEvery: 10 * time.Millisecond}})
		mina, jun := login(t, url, "mina"), login(t, url, "jun")
		r.set(t, func() { r.revoked, r.fails = []string{"mina"}, true })
		r.set(t, func() { r.fails, r.panics = false, true })
		mina.ExpectNothing()
		r.mu.Lock()
		r.panics = false
		r.mu.Unlock()
		if e := mina.Expect("auth_error"); e.String("code") != "token_revoked" {
			t.Errorf("mina got %s", e.Raw)
		}
		mina.ExpectClose(4401)
		jun.ExpectNothing()
	})
}
