package coup_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// byName makes everybody a member whose role is the user's id up to a dash.
var byName = store.MembersFunc(func(_ context.Context, _ store.StudyID, user store.UserID) (string, error) {
	role, _, _ := strings.Cut(string(user), "-")
	return role, nil
})

func TestWhoMayWhat(t *testing.T) {
	requests := []struct {
		action room.Action
		event  string
		data   data // messageSeq 1 is one of others, 2 one of the user
	}{
		{room.ActPost, "send_message", data{"content": "x"}},
		{room.ActEditOwn, "edit_message", data{"messageSeq": 2, "content": "x"}},
		{room.ActReact, "react", data{"messageSeq": 1, "emoji": "👍", "on": true}},
		{room.ActSignal, "signal", data{"to": "jun", "kind": "k", "data": 1}},
		{room.ActDeleteOwn, "delete_message", data{"messageSeq": 2}},
		{room.ActDeleteAny, "delete_message", data{"messageSeq": 1}},
	}
	for _, tt := range []struct {
		role string
		may  func(string, room.Action) bool
		want []room.Action // what is allowed
	}{
		{"member", nil, []room.Action{room.ActPost, room.ActEditOwn, room.ActReact, room.ActSignal, room.ActDeleteOwn}},
		{"moderator", nil, []room.Action{room.ActPost, room.ActEditOwn, room.ActReact, room.ActSignal, room.ActDeleteOwn, room.ActDeleteAny}},
		{"owner", nil, []room.Action{room.ActPost, room.ActEditOwn, room.ActReact, room.ActSignal, room.ActDeleteOwn, room.ActDeleteAny}},
		{"reader", func(role string, do room.Action) bool { return role != "reader" || do == room.ActReact }, []room.Action{room.ActReact}},
		{"janitor", func(role string, do room.Action) bool { return role == "janitor" && do == room.ActDeleteAny }, []room.Action{room.ActDeleteOwn, room.ActDeleteAny}},
	} {
		for _, protocol := range []string{"native", "Socket.IO"} {
			t.Run(tt.role+" over "+protocol, func(t *testing.T) {
				s, url := kind{}.serve(t, coup.Options{Members: byName, May: tt.may})
				user := tt.role + "-1"
				for _, author := range []store.UserID{"other", store.UserID(user)} {
					if _, err := s.Post(t.Context(), store.Entry{StudyID: "s1", UserID: author, Content: "text"}); err != nil {
						t.Fatal(err)
					}
				}
				ask := askers(t, url, user)[protocol]
				for _, r := range requests {
					r.data["studyId"] = "s1"
					want := "forbidden"
					if slices.Contains(tt.want, r.action) {
						want = ""
					}
					if code := ask(r.event, r.data); code != want {
						t.Errorf("%s: %q, want %q", r.action, code, want)
					}
				}
			})
		}
	}
}

// reviewed returns a BeforePost that refuses, changes or passes a draft by its content. It hangs until
// released.
func reviewed(released <-chan struct{}) func(context.Context, *room.Draft) error {
	return func(_ context.Context, d *room.Draft) error {
		switch {
		case strings.Contains(d.Content, "spam"):
			return room.Reject("no advertising here")
		case d.Content == "broken":
			return errors.New("the filter is down")
		case d.Content == "panic":
			panic("a bug")
		case d.Content == "hang":
			<-released
		case d.Content == "empty":
			d.Content = " "
		}
		d.Content = strings.ReplaceAll(d.Content, "darn", "****")
		d.Meta = fmt.Sprintf(`{"role":%q,"kind":%q}`, d.Role, d.Kind)
		return nil
	}
}

func TestBeforePost(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		st := store.NewMemory()
		released := make(chan struct{})
		_, url := k.serve(t, coup.Options{Members: byName, Store: st, BeforePost: reviewed(released), Rate: -1})
		t.Cleanup(func() { close(released) }) // before the server ends, which waits for it
		for protocol, ask := range askers(t, url, "member-1") {
			for _, tt := range []struct {
				event string
				data  data
				code  string
			}{
				{"send_message", data{"content": "darn it", "clientId": "c1" + protocol}, ""},
				{"send_message", data{"content": "spam"}, "rejected"},
				{"send_message", data{"content": "spam", "clientId": "c1" + protocol}, ""}, // known: the answer of the first time
				{"send_message", data{"content": "spam", "clientId": "c2"}, "rejected"},
				{"send_message", data{"content": "broken"}, "unavailable"},
				{"send_message", data{"content": "panic"}, "unavailable"},
				{"send_message", data{"content": "hang"}, "unavailable"},
				{"send_message", data{"content": "empty"}, "empty"},
				{"edit_message", data{"content": "darn", "messageSeq": 1}, ""},
				{"edit_message", data{"content": "spam", "messageSeq": 1}, "rejected"},
				{"react", data{"messageSeq": 1, "emoji": "👍", "on": true}, ""},
			} {
				tt.data["studyId"] = "s1"
				if code := ask(tt.event, tt.data); code != tt.code {
					t.Errorf("%s, %s %v: %q, want %q", protocol, tt.event, tt.data, code, tt.code)
				}
			}
		}
		found, err := st.History(t.Context(), store.Query{StudyID: "s1", Limit: 10})
		if err != nil || len(found) != 2 || found[0].Content != "****" || found[0].Meta != `{"role":"member","kind":"edit"}` || found[1].Content != "**** it" {
			t.Errorf("stored: %+v, %v", found, err)
		}
	})
}

// The order of what one connection sends is kept, however long the reviews take.
func TestReviewsKeepTheOrder(t *testing.T) {
	sent := make(chan struct{})
	_, url := kind{}.serve(t, coup.Options{Rate: -1, BeforePost: func(context.Context, *room.Draft) error {
		<-sent // all of them could be reviewed by now
		return nil
	}})
	c := login(t, url, "mina")
	c.Join("s1")
	for i := range 20 {
		c.Send("send_message", nil, data{"studyId": "s1", "content": strings.Repeat("x", i+1)})
	}
	close(sent)
	for i := range 20 {
		if e := c.Expect("new_message"); len(e.String("content")) != i+1 {
			t.Fatalf("message %d is %s", i, e.Raw)
		}
	}
}

func TestPostedIsToldOnceInOrder(t *testing.T) {
	var mu sync.Mutex
	var told []string
	s, url := kind{}.serve(t, coup.Options{Rate: -1, Posted: func(_ context.Context, e store.Entry) {
		mu.Lock()
		told = append(told, fmt.Sprint(e.Kind, " ", e.Seq))
		n := len(told)
		mu.Unlock()
		if n == 2 {
			panic("a bug")
		}
	}})
	c := login(t, url, "mina")
	c.Join("s1")
	c.Call("send_message", data{"studyId": "s1", "content": "one", "clientId": "c1"}, nil)
	c.Call("send_message", data{"studyId": "s1", "content": "one", "clientId": "c1"}, nil)
	c.Call("edit_message", data{"studyId": "s1", "content": "two", "messageSeq": 1}, nil)
	c.Call("delete_message", data{"studyId": "s1", "messageSeq": 1}, nil)
	if _, err := s.Post(t.Context(), store.Entry{StudyID: "s1", UserID: "bot", Content: "three"}); err != nil {
		t.Fatal(err)
	}
	want := []string{"message 1", "edit 2", "delete 3", "message 4"}
	await(t, fmt.Sprint("all to be told: ", want), func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(told, want)
	})
}
