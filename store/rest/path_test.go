package rest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// What identity providers make of ids, and what encodeURIComponent makes of these.
const (
	study, studyInPath = store.StudyID("s|1+2=~@x"), "s%7C1%2B2%3D~%40x"
	user, userInPath   = store.UserID("a.b+c=|d~@x"), "a.b%2Bc%3D%7Cd~%40x"
)

// owner says that user owns study, and nobody else is anything.
var owner = store.MembersFunc(func(_ context.Context, s store.StudyID, u store.UserID) (string, error) {
	if s == study && u == user {
		return "owner", nil
	}
	return "", store.ErrNotFound
})

func TestClientWritesIDsInPathsAsBrowsersDo(t *testing.T) {
	h, err := rest.NewHandler(store.NewMemory(), owner, rest.HandlerOptions{Tokens: []string{token}, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 10)
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.RequestURI
		h.ServeHTTP(w, r)
	}), rest.ClientOptions{})
	if role, err := c.Member(t.Context(), study, user); role != "owner" || err != nil {
		t.Errorf("Member(%s, %s) = %q, %v", study, user, role, err)
	}
	if _, err := c.Presence(t.Context(), []store.UserID{user}); err != nil {
		t.Errorf("Presence(%s): %v", user, err)
	}
	if err := c.RenewNode(t.Context(), "n:1@x", store.LeaseTTL); err != nil {
		t.Errorf("RenewNode: %v", err)
	}
	if err := c.RenewNode(t.Context(), "..", store.LeaseTTL); err != nil {
		t.Errorf("RenewNode(..): %v", err)
	}
	if _, err := c.History(t.Context(), store.Query{StudyID: study, Limit: 1}); err != nil {
		t.Errorf("History(%s): %v", study, err)
	}
	for _, want := range []string{
		"GET " + base + "/studies/" + studyInPath + "/members/" + userInPath,
		"GET " + base + "/users/" + userInPath + "/status",
		"PUT " + base + "/nodes/n%3A1%40x",
		"PUT " + base + "/nodes/%2E%2E",
		"GET " + base + "/messages?after=0&limit=1&studyId=" + studyInPath,
	} {
		if got := <-asked; got != want {
			t.Errorf("the client asked %s, want %s", got, want)
		}
	}
}

func TestHandlerReadsIDsInPathsHoweverTheyAreWritten(t *testing.T) {
	h, err := rest.NewHandler(store.NewMemory(), owner, rest.HandlerOptions{Tokens: []string{token}, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path string }{
		{"as encodeURIComponent writes them", "/studies/" + studyInPath + "/members/" + userInPath},
		{"in small hexadecimal digits", "/studies/s%7c1%2b2%3d~%40x/members/a.b%2bc%3d%7cd~%40x"},
		{"as url.PathEscape writes them", "/studies/s%7C1+2=~@x/members/a.b+c=%7Cd~@x"},
		{"as they are", "/studies/s|1+2=~@x/members/a.b+c=|d~@x"},
		{"with every sign encoded", "/studies/s%7C1%2B2%3D%7E%40x/members/a%2Eb%2Bc%3D%7Cd%7E%40x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if w := do(h, "GET", base+c.path, ""); w.Code != http.StatusOK || w.Body.String() != `{"role":"owner"}` {
				t.Errorf("GET %s = %d %s, want the owner", c.path, w.Code, w.Body)
			}
		})
	}
}
