package coup_test

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

func TestAClientReadsTheHistory(t *testing.T) {
	s := store.NewMemory()
	fill(t, s, "s1", 120)
	for _, e := range []store.Entry{
		{Kind: store.KindEdit, MessageSeq: 119, Content: "edited"}, {Kind: store.KindDelete, MessageSeq: 118},
		{Kind: store.KindReaction, MessageSeq: 120, Emoji: "👍", On: true},
	} {
		e.StudyID, e.UserID, e.UserName, e.ClientID = "s1", "u9", "Park", store.NewClientID()
		if _, err := s.Append(t.Context(), []store.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	_, url := kind{}.serve(t, coup.Options{Store: s, Members: only("s1", "u1"), Rate: -1})
	c := login(t, url, "u1") // it has joined nothing
	seqs := func(e wstest.Event) (first, last int64, n int) {
		list, _ := e.Data["messages"].([]any)
		if n = len(list); n > 0 {
			first, last = int64(list[0].(map[string]any)["seq"].(float64)), int64(list[n-1].(map[string]any)["seq"].(float64))
		}
		return first, last, n
	}
	for _, tt := range []struct {
		data        data
		first, last int64
		n           int
		more        bool
	}{
		{data{}, 71, 120, 50, true},
		{data{"limit": 200}, 1, 120, 120, false},
		{data{"limit": 3}, 118, 120, 3, true},
		{data{"before": 71, "limit": 70}, 1, 70, 70, false},
		{data{"before": 1}, 0, 0, 0, false},
		{data{"after": 0, "limit": 10}, 1, 10, 10, true},
		{data{"after": 110}, 111, 120, 10, false},
		{data{"after": 110, "before": 115}, 111, 114, 4, false},
		{data{"after": 123}, 0, 0, 0, false},
	} {
		tt.data["studyId"] = "s1"
		e := c.Call("get_history", tt.data, nil)
		if first, last, n := seqs(e); e.Event != "ack" || first != tt.first || last != tt.last || n != tt.n || e.Data["more"] != tt.more || e.Int("seq") != 123 {
			t.Errorf("%v: %s, %d messages from %d to %d, more %v, seq %d", tt.data, e.Event, n, first, last, e.Data["more"], e.Int("seq"))
		}
	}
	newest := c.Call("get_history", data{"studyId": "s1", "limit": 3}, nil).Data["messages"].([]any)
	for i, want := range []string{"deletedAt", "editedAt", "reactions"} {
		if m := newest[i].(map[string]any); m[want] == nil || i == 1 && m["content"] != "edited" || i == 0 && m["content"] != "" {
			t.Errorf("message %d is %v, want %s", i, m, want)
		}
	}
	if got := fmt.Sprint(newest[2].(map[string]any)["reactions"]); got != "[map[count:1 emoji:👍 userIds:[u9]]]" {
		t.Errorf("reactions: %s", got)
	}
	for protocol, ask := range askers(t, url, "u1") {
		for _, tt := range []struct {
			name string
			data data
			code string
		}{
			{"no study", data{}, "bad_request"},
			{"no id", data{"studyId": "a b"}, "bad_request"},
			{"another study", data{"studyId": "s2"}, "forbidden"},
			{"limit 0", data{"studyId": "s1", "limit": 0}, "bad_request"},
			{"limit 201", data{"studyId": "s1", "limit": 201}, "bad_request"},
			{"limit is a text", data{"studyId": "s1", "limit": "5"}, "bad_request"},
			{"before 0", data{"studyId": "s1", "before": 0}, "bad_request"},
			{"before is a text", data{"studyId": "s1", "before": "5"}, "bad_request"},
			{"after below 0", data{"studyId": "s1", "after": -1}, "bad_request"},
		} {
			if code := ask("get_history", tt.data); code != tt.code {
				t.Errorf("%s, %s: %q, want %s", protocol, tt.name, code, tt.code)
			}
		}
	}
}
