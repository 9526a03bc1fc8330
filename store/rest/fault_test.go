package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// calls are all methods of a client, by name.
func calls(c *rest.Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Append": func(ctx context.Context) error {
			_, err := c.Append(ctx, []store.Message{message("s1", "x")})
			return err
		},
		"History": func(ctx context.Context) error {
			_, err := c.History(ctx, store.Query{StudyID: "s1", Limit: 10})
			return err
		},
		"Heads": func(ctx context.Context) error {
			_, err := c.Heads(ctx, []store.StudyID{"s1"})
			return err
		},
		"SetStatus": func(ctx context.Context) error {
			return c.SetStatus(ctx, []store.Status{{UserID: "alice", Online: true}})
		},
		"Presence": func(ctx context.Context) error {
			_, err := c.Presence(ctx, []store.UserID{"alice"})
			return err
		},
		"RenewNode": func(ctx context.Context) error { return c.RenewNode(ctx, "n1", store.LeaseTTL) },
		"Member": func(ctx context.Context) error {
			_, err := c.Member(ctx, "s1", "alice")
			return err
		},
		"Roles": func(ctx context.Context) error {
			_, err := c.Roles(ctx, []store.Membership{{StudyID: "s1", UserID: "alice"}})
			return err
		},
	}
}

func TestEveryFaultIsUnavailable(t *testing.T) {
	reply := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "http://192.0.2.1/")
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	const page = "<html><body>Bad Gateway</body></html>"
	tests := []struct {
		name   string
		server http.HandlerFunc
	}{
		{"a page instead of JSON", reply(200, "text/html", page)},
		{"nothing", reply(200, "application/json", "")},
		{"another object", reply(200, "application/json", `{"x":1}`)},
		{"nulls", reply(200, "application/json", `{"messages":null,"heads":null,"role":null,"status":null}`)},
		{"wrong types", reply(200, "application/json", `{"messages":[{"id":1}],"heads":{"s1":"1"},"role":1,"userId":"alice","status":1}`)},
		{"a negative seq", reply(200, "application/json", `{"messages":[{"id":"1","studyId":"s1","seq":-1,"userId":"alice","userName":"","content":"","sentAt":"2026-11-22T10:00:00.123Z"}],"heads":{"s1":-1},"userId":"alice","status":"gone"}`)},
		{"the messages of another study", reply(200, "application/json", `{"messages":[{"id":"1","studyId":"s2","seq":1,"userId":"alice","userName":"","content":"","sentAt":"2026-11-22T10:00:00.123Z"}],"heads":{"s2":1},"userId":"bob","status":"online"}`)},
		{"a redirect", reply(307, "text/html", page)},
		{"a page with 500", reply(500, "text/html", page)},
		{"a page with 404", reply(404, "text/html", page)},
		{"an unknown path", reply(404, "application/problem+json", `{"code":"bad_request"}`)},
		{"a page with 400", reply(400, "text/html", page)},
		{"a problem with 503", reply(503, "application/problem+json", `{"code":"unavailable"}`)},
		{"a problem with 405", reply(405, "application/problem+json", `{"code":"bad_request"}`)},
		{"a connection that is cut at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"a connection that is cut in the middle", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"messages":[`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, tt.server, rest.ClientOptions{})
			for name, call := range calls(c) {
				err := call(t.Context())
				if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
					t.Errorf("%s: %v, want ErrUnavailable", name, err)
				}
			}
		})
	}
}

// Nobody else may get the token and the messages.
func TestClientFollowsNoRedirect(t *testing.T) {
	var followed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := newClient(t, http.RedirectHandler(elsewhere.URL, status), rest.ClientOptions{})
		for name, call := range calls(c) {
			if err := call(t.Context()); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s, redirected with %d: %v", name, status, err)
			}
		}
	}
	if n := followed.Load(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestClientReadsABoundedAnswer(t *testing.T) {
	big := strings.Repeat(" ", 1<<20)
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, big)
		}
	}
	c := newClient(t, http.HandlerFunc(endless), rest.ClientOptions{Timeout: -1})
	if _, err := c.Member(t.Context(), "s1", "alice"); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "16777216 bytes") {
		t.Errorf("Member of an endless answer: %v", err)
	}
}

func TestTheErrorSaysThatTheTokenWasRefused(t *testing.T) {
	c := newClient(t, newHandler(t, store.NewMemory(), rest.HandlerOptions{}), rest.ClientOptions{Token: other})
	for name, call := range calls(c) {
		err := call(t.Context())
		if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "internal API refused the service token") {
			t.Errorf("%s with a wrong token: %v", name, err)
		}
		if strings.Contains(err.Error(), other) {
			t.Errorf("%s shows the token: %v", name, err)
		}
	}
}

func TestClientGivesUpInTime(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	c := newClient(t, http.HandlerFunc(hang), rest.ClientOptions{Timeout: 20 * time.Millisecond})
	for name, call := range calls(c) {
		if err := call(context.Background()); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s of a server that hangs: %v", name, err)
		}
	}
	c = newClient(t, http.HandlerFunc(hang), rest.ClientOptions{Timeout: -1})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	for name, call := range calls(c) {
		if err := call(ctx); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s with the caller's deadline: %v", name, err)
		}
	}
}

// The answer of an Append is cut after each number of bytes. The client tries again, and
// nothing is stored twice.
func TestAnAnswerThatIsCutStoresNothingTwice(t *testing.T) {
	st := store.NewMemory()
	h := newHandler(t, st, rest.HandlerOptions{})
	var keep atomic.Int64
	cut := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(rec.Code)
		if n := int(keep.Load()); n < len(body) {
			w.Write(body[:n])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Write(body)
	})
	c := newClient(t, cut, rest.ClientOptions{})
	m := message("s1", "once")
	var lost int64
	for ; ; lost++ {
		keep.Store(lost)
		got, err := c.Append(t.Context(), []store.Message{m})
		if err == nil {
			if !got[0].Repeated || got[0].Seq != 1 || got[0].ClientID != m.ClientID {
				t.Errorf("Append after %d cuts = %+v", lost, got[0])
			}
			break
		}
		if !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("Append, cut after %d bytes: %v", lost, err)
		}
	}
	if lost < 100 {
		t.Errorf("only %d answers were cut", lost)
	}
	if heads, _ := st.Heads(t.Context(), []store.StudyID{"s1"}); heads["s1"] != 1 {
		t.Errorf("%d messages are stored, want 1", heads["s1"])
	}
}

// The server is restarted between calls.
func TestClientReconnectsAfterARestart(t *testing.T) {
	srv := httptest.NewServer(newHandler(t, store.NewMemory(), rest.HandlerOptions{}))
	defer srv.Close()
	c, err := rest.NewClient(srv.URL, rest.ClientOptions{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 50 {
		if _, err := c.Append(t.Context(), []store.Message{message("s1", "x")}); err != nil {
			t.Fatalf("Append after the server closed its idle connections: %v", err)
		}
		srv.CloseClientConnections()
	}
}
