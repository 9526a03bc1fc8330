package coup_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// A kind is one of the ways in which a hub serves its sessions.
type kind struct {
	name       string
	goroutines bool
}

// eachKind runs a test with each kind of session.
func eachKind(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range []kind{{"sessions in epoll sets", false}, {"sessions on goroutines", true}} {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}

// serve starts a server and returns where it listens.
func (k kind) serve(t *testing.T, opts coup.Options) (*coup.Server, string) {
	t.Helper()
	if opts.Store == nil {
		opts.Store = store.NewMemory()
	}
	if opts.Members == nil {
		opts.Members = coup.Everyone
	}
	if opts.Verifier == nil {
		opts.Verifier = plain
	}
	opts.Hub.Goroutines = k.goroutines
	s, err := coup.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.Handle("/socket.io/", s.SocketIO())
	web := httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
	})
	return s, web.URL
}

// plain accepts tokens of the form "user" or "user:name".
var plain = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
	user, name, _ := strings.Cut(token, ":")
	switch user {
	case "bad":
		return auth.Identity{}, auth.ErrInvalid
	case "old":
		return auth.Identity{}, auth.ErrExpired
	case "later":
		return auth.Identity{}, errors.New("cannot be checked")
	}
	return auth.Identity{UserID: user, UserName: name, ExpiresAt: time.Now().Add(time.Hour)}, nil
})

// data is the data of an event.
type data = map[string]any

// only returns Members that have users in one study and nobody elsewhere.
func only(study store.StudyID, users ...store.UserID) store.Members {
	return store.MembersFunc(func(_ context.Context, s store.StudyID, u store.UserID) (string, error) {
		for _, member := range users {
			if s == study && u == member {
				return "member", nil
			}
		}
		return "", store.ErrNotFound
	})
}

// login connects a user and authenticates.
func login(t *testing.T, url, user string) *wstest.Client {
	t.Helper()
	c := wstest.Dial(t, url, nil)
	c.Login(user)
	return c
}

// say posts a message and returns the answer. It drops other events that come before.
func say(c *wstest.Client, study, content string) wstest.Event {
	return c.Call("send_message", data{"studyId": study, "content": content}, nil)
}

// fill stores messages 1 to n in a study without any hub.
func fill(t *testing.T, s store.Store, study store.StudyID, n int) {
	t.Helper()
	for n > 0 {
		batch := make([]store.Message, min(n, store.MaxBatch))
		for i := range batch {
			batch[i] = store.Message{StudyID: study, UserID: "u9", UserName: "Park", Content: "stored", ClientID: store.NewClientID()}
		}
		if _, err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		n -= len(batch)
	}
}

// expectSeqs expects the messages from one seq to another, in order.
func expectSeqs(t *testing.T, c *wstest.Client, from, to int64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		if e := c.Expect("new_message"); e.Int("seq") != seq {
			t.Fatalf("got seq %d, want %d", e.Int("seq"), seq)
		}
	}
}
