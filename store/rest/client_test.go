package rest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

func TestClientAppendsAndReadsMessages(t *testing.T) {
	ctx := t.Context()
	c := newClient(t, newHandler(t, store.NewMemory(), rest.HandlerOptions{}), rest.ClientOptions{})
	named := message("s1", "안녕 👋\n\"\\\x01\u2028.")
	named.ClientID = "c-1"
	sent := []store.Message{message("s1", "first"), named, message("s..:@-", "elsewhere")}
	got, err := c.Append(ctx, sent)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	for i, m := range got {
		want := sent[i]
		want.ID, want.Seq, want.SentAt = m.ID, []int64{1, 2, 1}[i], m.SentAt
		if !reflect.DeepEqual(m, want) || m.ID == "" || m.SentAt.IsZero() {
			t.Errorf("Append[%d] = %+v, want %+v", i, m, want)
		}
	}
	again, err := c.Append(ctx, append(sent[:2:2], message("s1", "new")))
	if err != nil {
		t.Fatalf("Append again: %v", err)
	}
	for i, m := range again {
		if m.Seq != int64(i+1) || m.Repeated != (i < 2) {
			t.Errorf("Append again[%d] = seq %d, repeated %v", i, m.Seq, m.Repeated)
		}
	}
	if again[0].ClientID != sent[0].ClientID || again[0].ID != got[0].ID {
		t.Errorf("the repeat = %+v, want %+v", again[0], got[0])
	}
	history, err := c.History(ctx, store.Query{StudyID: "s1", Limit: 10})
	if err != nil || len(history) != 3 || !reflect.DeepEqual(history[1], got[1]) {
		t.Errorf("History = %+v, %v, want 3 with %+v", history, err, got[1])
	}
	heads, err := c.Heads(ctx, []store.StudyID{"s1", "silent"})
	if err != nil || len(heads) != 2 || heads["s1"] != 3 || heads["silent"] != 0 {
		t.Errorf("Heads = %v, %v", heads, err)
	}
	if got, err := c.Append(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("Append of nothing = %v, %v", got, err)
	}
}

func TestClientReadsHistoryInPages(t *testing.T) {
	ctx := t.Context()
	st := store.NewMemory()
	for range 3 {
		var batch []store.Message
		for range 400 {
			batch = append(batch, message("s1", "x"))
		}
		if _, err := st.Append(ctx, batch); err != nil {
			t.Fatal(err)
		}
	}
	c := newClient(t, newHandler(t, st, rest.HandlerOptions{}), rest.ClientOptions{})
	for _, q := range []store.Query{
		{Limit: 1}, {Limit: 1, Newest: true},
		{Limit: 500}, {Limit: 500, Newest: true},
		{Limit: 501}, {Limit: 501, Newest: true},
		{Limit: 5000}, {Limit: 5000, Newest: true},
		{Limit: 1000, After: 100, Before: 1150}, {Limit: 1000, After: 100, Before: 1150, Newest: true},
		{Limit: 10, After: 1195, Newest: true}, {Limit: 1000, After: 650, Newest: true},
		{Limit: 10, After: 1200}, {Limit: 10, Before: 1}, {Limit: 10, After: 9, Before: 3},
	} {
		q.StudyID = "s1"
		want, err := st.History(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.History(ctx, q)
		if err != nil || len(got) != len(want) {
			t.Errorf("History(%+v) = %d messages, %v, want %d", q, len(got), err, len(want))
			continue
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], want[i].Public()) {
				t.Errorf("History(%+v)[%d] = %+v, want %+v", q, i, got[i], want[i])
				break
			}
		}
	}
	if _, err := c.History(ctx, store.Query{StudyID: "s1"}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("History without a limit: %v, want ErrInvalid", err)
	}
}

func TestClientReturnsTheErrorsOfTheStore(t *testing.T) {
	ctx := t.Context()
	c := newClient(t, newHandler(t, store.NewMemory(), rest.HandlerOptions{}), rest.ClientOptions{})
	add := func(m store.Message) error {
		_, err := c.Append(ctx, []store.Message{m})
		return err
	}
	_, member := c.Member(ctx, "s1", "bob")
	_, badMember := c.Member(ctx, "s1", "a/b")
	_, badHead := c.Heads(ctx, []store.StudyID{""})
	_, many := c.Append(ctx, make([]store.Message, store.MaxBatch+1))
	escaped := make([]store.Message, 400)
	for i := range escaped {
		escaped[i] = message("s1", strings.Repeat("\x01", store.MaxContent))
	}
	_, big := c.Append(ctx, escaped)
	for _, tt := range []struct {
		name      string
		err, want error
	}{
		{"not a member", member, store.ErrNotFound},
		{"a bad id in a path", badMember, store.ErrInvalid},
		{"a bad id in a body", badHead, store.ErrInvalid},
		{"empty content", add(message("s1", " ")), store.ErrEmpty},
		{"large content", add(message("s1", strings.Repeat("x", 2001))), store.ErrTooLarge},
		{"a bad study", add(message("", "x")), store.ErrInvalid},
		{"501 messages", many, store.ErrInvalid},
		{"over 4 MiB", big, store.ErrInvalid},
		{"no lease", c.RenewNode(ctx, "n1", 0), store.ErrInvalid},
		{"a bad status", c.SetStatus(ctx, []store.Status{{UserID: "a b"}}), store.ErrInvalid},
	} {
		if !errors.Is(tt.err, tt.want) || errors.Is(tt.err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want %v", tt.name, tt.err, tt.want)
		}
	}
	role, err := c.Member(ctx, "s1", "alice")
	if role != "owner" || err != nil {
		t.Errorf("Member = %q, %v, want owner", role, err)
	}
}

// pairs are the memberships of a BatchMembers.
func pairs(_ context.Context, of []store.Membership) (map[store.Membership]string, error) {
	roles := map[store.Membership]string{}
	for _, m := range of {
		switch m.UserID {
		case "alice":
			roles[m] = "owner of " + string(m.StudyID)
		case "nameless":
			roles[m] = ""
		}
	}
	return roles, nil
}

func TestClientLooksUpManyMembers(t *testing.T) {
	var of []store.Membership
	for i := range 700 {
		for _, user := range []store.UserID{"alice", "nameless", "bob"} {
			of = append(of, store.Membership{StudyID: store.StudyID(fmt.Sprint("s", i)), UserID: user})
		}
	}
	h, err := rest.NewHandler(store.NewMemory(), store.GroupMembers(pairs), rest.HandlerOptions{Tokens: []string{token}, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	roles, err := newClient(t, h, rest.ClientOptions{}).Roles(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range of {
		role, ok := roles[m]
		if want, is := map[store.UserID]string{"alice": "owner of " + string(m.StudyID), "nameless": ""}[m.UserID]; role != want || ok != is {
			t.Fatalf("%v is %q, %v, want %q, %v", m, role, ok, want, is)
		}
	}
}

func TestRolesIsUnsupportedIfTheServerAnswersOneByOne(t *testing.T) {
	plain, err := rest.NewHandler(store.NewMemory(), members, rest.HandlerOptions{Tokens: []string{token}, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	relay, err := rest.NewHandler(store.NewMemory(), newClient(t, plain, rest.ClientOptions{}),
		rest.HandlerOptions{Tokens: []string{token}, Log: slog.New(slog.NewTextHandler(&logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	apis := map[string]http.Handler{
		"a backend that cannot": plain,
		"one that says so late": relay,
		"404":                   http.NotFoundHandler(),
		"405":                   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) }),
	}
	for name, api := range apis {
		roles, err := newClient(t, api, rest.ClientOptions{}).Roles(t.Context(), []store.Membership{{StudyID: "s1", UserID: "alice"}})
		if !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, store.ErrNotFound) || roles != nil {
			t.Errorf("%s: Roles = %v, %v, want ErrUnsupported", name, roles, err)
		}
	}
	if logged.Len() > 0 {
		t.Errorf("what is asked all the time, and no fault, is logged: %s", &logged)
	}
}

func TestClientCarriesPresence(t *testing.T) {
	ctx := t.Context()
	c := newClient(t, newHandler(t, store.NewMemory(), rest.HandlerOptions{}), rest.ClientOptions{})
	var reports []store.Status
	for i := range 2500 {
		reports = append(reports, store.Status{UserID: store.UserID(fmt.Sprintf("u%d", i)), Online: i != 7, NodeID: "n1"})
	}
	if err := c.SetStatus(ctx, reports); err != nil {
		t.Fatalf("SetStatus: %v", err)
	}
	if err := c.RenewNode(ctx, "n1", store.LeaseTTL); err != nil {
		t.Fatalf("RenewNode: %v", err)
	}
	got, err := c.Presence(ctx, []store.UserID{"u7", "u2499", "...", user})
	if err != nil || len(got) != 4 {
		t.Fatalf("Presence = %v, %v", got, err)
	}
	if p := got["u2499"]; !p.Online || p.LastSeenAt.IsZero() || p.LastSeenAt.Location() != time.UTC {
		t.Errorf("u2499 = %+v, want online", p)
	}
	if p := got["u7"]; p.Online {
		t.Errorf("u7 = %+v, want offline", p)
	}
	if p := got["..."]; p != (store.Presence{UserID: "..."}) {
		t.Errorf("a user never seen = %+v", p)
	}
	if err := c.RenewNode(ctx, "n1", time.Millisecond); err != nil {
		t.Fatalf("RenewNode for 1ms: %v", err)
	}
	waitFor(t, "the lease to end", func() bool {
		got, err := c.Presence(ctx, []store.UserID{"u2499"})
		return err == nil && !got["u2499"].Online
	})
}

// waitFor polls until a condition on the other side of the network is true.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited 5s for %s", what)
		}
	}
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	st := store.NewMemory()
	c := newClient(t, newHandler(t, st, rest.HandlerOptions{}), rest.ClientOptions{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 25 {
				study := store.StudyID(fmt.Sprintf("s%d", i%3))
				got, err := c.Append(t.Context(), []store.Message{message(study, fmt.Sprint(g, i)), message(study, "and")})
				if err != nil || got[1].Seq != got[0].Seq+1 {
					t.Errorf("Append = %+v, %v", got, err)
				}
				if _, err := c.History(t.Context(), store.Query{StudyID: study, Limit: 5, Newest: true}); err != nil {
					t.Errorf("History: %v", err)
				}
			}
		})
	}
	wg.Wait()
	heads, err := c.Heads(t.Context(), []store.StudyID{"s0", "s1", "s2"})
	if sum := heads["s0"] + heads["s1"] + heads["s2"]; err != nil || sum != 400 {
		t.Errorf("Heads = %v, %v, want 400 in all", heads, err)
	}
}

func TestCloseLeavesTheConnectionsOfOptionsHTTP(t *testing.T) {
	srv := httptest.NewServer(newHandler(t, store.NewMemory(), rest.HandlerOptions{}))
	defer srv.Close()
	c, err := rest.NewClient(srv.URL+"/", rest.ClientOptions{Token: token, HTTP: srv.Client(), Timeout: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := c.Member(context.Background(), "s1", "alice"); err != nil {
		t.Errorf("Member after Close: %v", err)
	}
	if srv.Client().CheckRedirect != nil {
		t.Error("NewClient changed the caller's client")
	}
}
