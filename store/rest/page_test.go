package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// longMessages returns a store with n messages of the longest content, of 6 kB each.
func longMessages(t *testing.T, n int) *store.Memory {
	t.Helper()
	st := store.NewMemory()
	msgs := make([]store.Message, n)
	for i := range msgs {
		msgs[i] = message("s1", strings.Repeat("가", store.MaxContent))
	}
	if _, err := st.Append(t.Context(), msgs); err != nil {
		t.Fatal(err)
	}
	return st
}

func TestAnswersWithHistorySayWhetherThereIsMore(t *testing.T) {
	h := newHandler(t, longMessages(t, 100), rest.HandlerOptions{})
	for _, tt := range []struct {
		query       string
		first, last int64 // 0 is whatever fits
		more        bool
	}{
		{"after=0&limit=10", 1, 10, true},
		{"after=90&limit=10", 91, 100, false},
		{"after=91&limit=10", 92, 100, false},
		{"limit=10", 91, 100, true},
		{"before=11&limit=10", 1, 10, false},
		{"before=12&limit=10", 2, 11, true},
		{"after=0&limit=100", 1, 0, true},
		{"limit=100", 0, 100, true},
	} {
		w := do(h, "GET", base+"/messages?studyId=s1&"+tt.query, "")
		var got struct {
			Messages []store.Message
			More     bool
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Messages) == 0 {
			t.Fatalf("%s: %v, %s", tt.query, err, w.Body)
		}
		first, last := got.Messages[0].Seq, got.Messages[len(got.Messages)-1].Seq
		if tt.first != 0 && first != tt.first || tt.last != 0 && last != tt.last || got.More != tt.more {
			t.Errorf("%s: %d to %d, more %v; want %d to %d, more %v", tt.query, first, last, got.More, tt.first, tt.last, tt.more)
		}
		if size := w.Body.Len(); size > 260<<10 || tt.first*tt.last == 0 && size < 240<<10 {
			t.Errorf("%s: the answer has %d bytes", tt.query, size)
		}
	}
}

func TestClientReadsOnWhenAnAnswerEndsEarly(t *testing.T) {
	c := newClient(t, newHandler(t, longMessages(t, 100), rest.HandlerOptions{}), rest.ClientOptions{})
	for _, q := range []store.Query{{Limit: 500}, {Limit: 90, Newest: true}, {Limit: 95, After: 3}} {
		q.StudyID = "s1"
		msgs, err := c.History(t.Context(), q)
		if want := min(q.Limit, 100); err != nil || len(msgs) != want {
			t.Errorf("History(%+v) = %d messages, %v, want %d", q, len(msgs), err, want)
		}
		if !slices.IsSortedFunc(msgs, func(a, b store.Message) int { return int(a.Seq - b.Seq) }) {
			t.Errorf("History(%+v) is not in order", q)
		}
	}
}

// A server of another version says nothing about more. A full page then asks for the next
// one, and any other is the last.
func TestClientReadsAServerThatDoesNotSayMore(t *testing.T) {
	asked := 0
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		fmt.Fprint(w, `{"messages":[{"id":"s1:7","studyId":"s1","seq":7,"userId":"u","userName":"","content":"x","sentAt":"2026-01-01T00:00:00Z"}]}`)
	}), rest.ClientOptions{})
	msgs, err := c.History(t.Context(), store.Query{StudyID: "s1", Limit: 10})
	if err != nil || len(msgs) != 1 || asked != 1 {
		t.Errorf("History = %d messages, %v after %d requests", len(msgs), err, asked)
	}
}
