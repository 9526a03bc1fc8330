package rest_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token = "0123456789abcdef0123456789abcdef"
	other = "fedcba9876543210fedcba9876543210"
)

// alice is the owner of study s1, and nobody else is anything.
var members = store.MembersFunc(func(_ context.Context, study store.StudyID, user store.UserID) (string, error) {
	if study == "s1" && user == "alice" {
		return "owner", nil
	}
	return "", store.ErrNotFound
})

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// many answers for many at once.
type many struct{ store.Members }

func (many) Roles(ctx context.Context, of []store.Membership) (map[store.Membership]string, error) {
	roles := map[store.Membership]string{}
	for _, m := range of {
		role, err := members(ctx, m.StudyID, m.UserID)
		if err == nil {
			roles[m] = role
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return roles, nil
}

// newHandler fills in what a test does not care about.
func newHandler(t testing.TB, st store.Store, opts rest.HandlerOptions) *rest.Handler {
	t.Helper()
	if opts.Tokens == nil {
		opts.Tokens = []string{token}
	}
	if opts.Log == nil {
		opts.Log = quiet()
	}
	h, err := rest.NewHandler(st, many{members}, opts)
	if err != nil {
		t.Fatalf("NewHandler: %v", err)
	}
	return h
}

// newClient returns a client of a server that runs h until the test ends.
func newClient(t testing.TB, h http.Handler, opts rest.ClientOptions) *rest.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	if opts.Token == "" {
		opts.Token = token
	}
	c, err := rest.NewClient(srv.URL, opts)
	if err != nil {
		t.Fatalf("NewClient: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// do makes a request of h as a service with a good token would.
func do(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, in)
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// message is one that a store takes as clean.
func message(study store.StudyID, content string) store.Message {
	return store.Message{StudyID: study, UserID: "alice", UserName: "Alice", Content: content, ClientID: store.NewClientID()}
}

// stub is a store of which a test fills in what it needs; the rest panics.
type stub struct {
	store.Store
	append   func(context.Context, []store.Message) ([]store.Message, error)
	presence func(context.Context, []store.UserID) (map[store.UserID]store.Presence, error)
}

func (s stub) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	return s.append(ctx, msgs)
}

func (s stub) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	return s.presence(ctx, users)
}
