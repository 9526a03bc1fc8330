package client_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub/client"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// serve starts a server with tokens of the form "user" or "user:8s" behind an address that can be
// cut. Nobody is a member of the study "secret".
func serve(t *testing.T, opts coup.Options) (*coup.Server, *testenv.Forward) {
	t.Helper()
	if opts.Store == nil {
		opts.Store = store.NewMemory()
	}
	if opts.Members == nil {
		opts.Members = store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
			if study == "secret" {
				return "", store.ErrNotFound
			}
			return "member", nil
		})
	}
	opts.Verifier = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
		user, life, _ := strings.Cut(token, ":")
		if user == "bad" {
			return auth.Identity{}, auth.ErrInvalid
		}
		who := auth.Identity{UserID: user, UserName: user, ExpiresAt: time.Now().Add(time.Hour)}
		if d, err := time.ParseDuration(life); err == nil {
			who.ExpiresAt = time.Now().Add(d)
		}
		return who, nil
	})
	s, err := coup.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		if err := s.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return s, testenv.NewForward(t, strings.TrimPrefix(web.URL, "http://"))
}

// A user is a client that keeps what it gets.
type user struct {
	*client.Client
	mu     sync.Mutex
	events []client.Event
}

// open connects a user. Each token is used for one call of Token, the last one for ever.
func open(t *testing.T, line *testenv.Forward, tokens ...string) *user {
	t.Helper()
	u, asked := &user{}, 0
	var err error
	u.Client, err = client.New(client.Options{
		URL: "ws://" + line.Addr() + "/",
		Token: func(context.Context) (string, error) {
			asked++
			return tokens[min(asked, len(tokens))-1], nil
		},
		Presence: true, Reads: true,
		Handler: func(e client.Event) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.events = append(u.events, e)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u
}

// got returns the events with a name.
func (u *user) got(name string) (all []client.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, e := range u.events {
		if e.Name == name {
			all = append(all, e)
		}
	}
	return all
}

// seqs waits until the user has messages up to last, which must be all from first on, once and in
// order.
func (u *user) seqs(t *testing.T, first, last int64) {
	t.Helper()
	waitFor(t, fmt.Sprint("messages up to ", last), func() bool {
		all := u.got("new_message")
		return len(all) > 0 && all[len(all)-1].Message.Seq >= last
	})
	for i, e := range u.got("new_message") {
		if want := first + int64(i); e.Message.Seq != want {
			t.Fatalf("message %d has seq %d, want %d", i, e.Message.Seq, want)
		}
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func (u *user) mustJoin(t *testing.T, study string, from client.From) client.Joined {
	t.Helper()
	j, err := u.Join(t.Context(), study, from)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (u *user) mustSend(t *testing.T, study, content string) client.Sent {
	t.Helper()
	sent, err := u.Send(t.Context(), study, content)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return sent
}
