package rest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// onlyMessages is a store that keeps messages only.
type onlyMessages struct{ store.Store }

// A service that keeps messages only, as one of the version before, is asked once for entries.
func TestAServiceMayKeepMessagesOnly(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	for name, open := range map[string]func(h http.Handler) http.Handler{
		"501": func(h http.Handler) http.Handler { return h },
		"404": func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/entries") {
					http.NotFound(w, r)
					return
				}
				h.ServeHTTP(w, r)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := rest.NewHandler(onlyMessages{store.NewMemory()}, nil, rest.HandlerOptions{Tokens: []string{token}})
			if err != nil {
				t.Fatal(err)
			}
			var asked atomic.Int64
			inner := open(h)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/entries") {
					asked.Add(1)
				}
				inner.ServeHTTP(w, r)
			}))
			defer srv.Close()
			c, err := rest.NewClient(srv.URL, rest.ClientOptions{Token: token})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			entry := func(kind store.Kind, content, id string) store.Entry {
				e := store.Entry{Kind: kind, StudyID: "s1", UserID: "u1", UserName: "Mina", Content: content, ClientID: id}
				if kind != store.KindMessage {
					e.MessageSeq = 1
				}
				return e
			}
			for round := range 3 {
				id := string(rune('a' + round))
				out, err := c.Append(t.Context(), []store.Entry{entry(store.KindMessage, "one", id+"1"), entry(store.KindEdit, "two", id+"2"), entry(store.KindMessage, "three", id+"3")})
				if err != nil {
					t.Fatal(err)
				}
				first := int64(2*round + 1)
				if out[0].Seq != first || out[2].Seq != first+1 || out[0].Err != nil || out[2].Err != nil {
					t.Errorf("the messages beside an edit: seq %d (%v) and %d (%v), want %d and %d", out[0].Seq, out[0].Err, out[2].Seq, out[2].Err, first, first+1)
				}
				if !errors.Is(out[1].Err, errors.ErrUnsupported) || out[1].Seq != 0 {
					t.Errorf("the edit: seq %d, %v; want errors.ErrUnsupported", out[1].Seq, out[1].Err)
				}
				log, err := c.Entries(t.Context(), store.Query{StudyID: "s1", After: 1, Limit: 10})
				if err != nil || int64(len(log)) != first || log[0].Content != "three" {
					t.Errorf("Entries = %+v, %v; want the messages after the first", log, err)
				}
			}
			if n := asked.Load(); n != 1 {
				t.Errorf("the service was asked for entries %d times, want once", n)
			}
		})
	}
}

// A hub that has no answer sends an entry again, with the client id that it has generated.
func TestAnEntryThatIsSentAgainIsStoredOnce(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	h, err := rest.NewHandler(store.NewMemory(), nil, rest.HandlerOptions{Tokens: []string{token}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	defer srv.Close()
	c, err := rest.NewClient(srv.URL, rest.ClientOptions{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, e := range []store.Entry{
		{Content: "hello", Meta: `{"a":1}`}, {Kind: store.KindEdit, MessageSeq: 1, Content: "new"}, {Kind: store.KindReaction, MessageSeq: 1, Emoji: "x", On: true},
	} {
		e.StudyID, e.UserID, e.UserName, e.ClientID = "s1", "u1", "Mina", store.NewClientID()
		first, err1 := c.Append(t.Context(), []store.Entry{e})
		again, err2 := c.Append(t.Context(), []store.Entry{e})
		if err1 != nil || err2 != nil || !again[0].Repeated || again[0].Seq != first[0].Seq || again[0].ClientID != e.ClientID {
			t.Errorf("%s: %+v (%v), and again %+v (%v)", e.Kind, first, err1, again, err2)
		}
	}
}

func TestEntriesAreReadStrictly(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	h, err := rest.NewHandler(store.NewMemory(), nil, rest.HandlerOptions{Tokens: []string{token}})
	if err != nil {
		t.Fatal(err)
	}
	post := func(body string) (int, string) {
		r := httptest.NewRequest("POST", rest.Base+"/entries", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	entry := func(more string) string {
		return `{"entries":[{"studyId":"s1","userId":"u1","userName":"Mina",` + more + `}]}`
	}
	if status, body := post(entry(`"kind":"message","content":"hello"`)); status != 200 || !strings.Contains(body, `"kind":"message","id":"s1:1"`) {
		t.Fatalf("%d %s", status, body)
	}
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"no entries", `{}`, 400, "bad_request"},
		{"none", `{"entries":[]}`, 400, "bad_request"},
		{"501", `{"entries":[` + strings.Repeat(`{},`, 500) + `{}]}`, 400, "bad_request"},
		{"no kind", entry(`"content":"x"`), 400, "bad_request"},
		{"another kind", entry(`"kind":"poll"`), 400, "bad_request"},
		{"another case", entry(`"Kind":"message","kind":"Message","content":"x"`), 400, "bad_request"},
		{"erase", entry(`"kind":"erase","from":1,"to":2`), 400, "bad_request"},
		{"a key twice", entry(`"kind":"message","content":"x","content":"y"`), 400, "bad_request"},
		{"no messageSeq", entry(`"kind":"delete"`), 400, "bad_request"},
		{"on is a text", entry(`"kind":"reaction","messageSeq":1,"emoji":"x","on":"true"`), 400, "bad_request"},
		{"meta is a text", entry(`"kind":"message","content":"x","meta":"{}"`), 400, "bad_request"},
		{"a mention is a number", entry(`"kind":"message","content":"x","mentions":[1]`), 400, "bad_request"},
		{"a file is a text", entry(`"kind":"message","attachments":["/a"]`), 400, "bad_request"},
		{"no content", entry(`"kind":"edit","messageSeq":1`), 400, "bad_request"},
		{"empty content", entry(`"kind":"edit","messageSeq":1,"content":" "`), 400, "empty"},
		{"what the store sets", entry(`"kind":"message","content":"x","seq":9,"count":7,"from":1,"to":2,"editedAt":"2026-01-01T00:00:00Z","reactions":[{"emoji":"x","count":1,"userIds":[]}]`), 200, `"content":"x","sentAt"`},
		{"no such message", entry(`"kind":"edit","messageSeq":9,"content":"x"`), 200, `{"entries":[{"code":"not_found",`},
		{"another's message", strings.Replace(entry(`"kind":"edit","messageSeq":1,"content":"x"`), "u1", "u2", 1), 200, `{"entries":[{"code":"forbidden",`},
		{"any", strings.Replace(entry(`"kind":"delete","messageSeq":1,"any":true`), "u1", "u2", 1), 200, `"deletedAt":`},
	} {
		if status, body := post(tt.body); status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d %s, want %d with %s", tt.name, status, body, tt.status, tt.want)
		} else if tt.name == "what the store sets" && (strings.Contains(body, "editedAt") || strings.Contains(body, "reactions") || strings.Contains(body, `"from"`)) {
			t.Errorf("%s: %s", tt.name, body)
		}
	}
}
