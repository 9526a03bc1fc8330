package coup_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// The end of a membership takes effect even if its notification cannot be delivered.
func TestAKickWithTextsThatAreTooLongTakesEffect(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		for event, reason := range map[string]string{"member_kicked": "kicked", "study_deleted": "study_deleted"} {
			c := login(t, w.urls[1], "u1")
			c.Join("s1")
			w.publish("study-events", `{"type":"`+event+`","studyId":"s1","userId":"u1","message":"`+strings.Repeat("m", 9<<10)+`"}`)
			if e := c.Expect("room_left"); e.String("reason") != reason {
				t.Errorf("got %s", e.Raw)
			}
			c.ExpectNothing()
		}
	})
}

func TestEachTypeOfStudyEvent(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		a, b, elsewhere := login(t, w.urls[0], "u1"), login(t, w.urls[1], "u2"), login(t, w.urls[1], "u3")
		a.Join("s1")
		b.Join("s1")
		elsewhere.Join("s2")
		quiet := func() {
			t.Helper()
			for _, c := range []*wstest.Client{a, b, elsewhere} {
				c.ExpectNothing()
			}
		}
		expect := func(kind string, clients ...*wstest.Client) {
			t.Helper()
			for _, c := range clients {
				if e := c.Expect("notification"); e.String("type") != kind || e.String("studyId") != "s1" || e.String("message") != "m" || e.String("link") != "/s" {
					t.Errorf("got %s, want %s", e.Raw, kind)
				}
			}
			quiet()
		}
		w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m","link":"/s","id":"e1"}`)
		w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m","link":"/s","id":"e1"}`)
		expect("notice", a, b)
		w.publish("study-events", `{"type":"renamed","studyId":"s1","message":"m","link":"/s"}`)
		expect("renamed", a, b)
		w.publish("study-events", `{"type":"promoted","studyId":"s1","userId":"u3","message":"m","link":"/s"}`)
		expect("promoted", elsewhere)
		w.publish("study-events", `{"type":"member_approved","studyId":"s1","userId":"u3","message":"m","link":"/s"}`)
		expect("member_approved", elsewhere)
		w.publish("study-events", `{"type":"study_deleted","studyId":"s1"}`)
		for _, c := range []*wstest.Client{a, b} {
			if e := c.Expect("room_left"); e.String("studyId") != "s1" || e.String("reason") != "study_deleted" {
				t.Errorf("got %s", e.Raw)
			}
			if e := say(c, "s1", "hi"); e.String("code") != "not_joined" {
				t.Errorf("after study_deleted: %s", e.Raw)
			}
		}
		quiet()
		say(elsewhere, "s2", "still here")
	})
}

func TestAKickRemovesTheUserOnEveryHub(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		near, far, other := login(t, w.urls[0], "u1"), login(t, w.urls[1], "u1"), login(t, w.urls[1], "u2")
		for _, c := range []*wstest.Client{near, far, other} {
			c.Join("s1")
			c.Join("s2")
		}
		w.exclude("u1", true)
		w.publish("study-events", `{"type":"member_kicked","studyId":"s1","userId":"u1","message":"out","link":"/studies"}`)
		for _, c := range []*wstest.Client{near, far} {
			if e := c.Expect("room_left"); e.String("studyId") != "s1" || e.String("reason") != "kicked" {
				t.Errorf("got %s", e.Raw)
			}
			if e := c.Expect("notification"); e.String("type") != "member_kicked" || e.String("message") != "out" || e.String("studyId") != "s1" {
				t.Errorf("got %s", e.Raw)
			}
			if e := say(c, "s1", "hi"); e.String("code") != "not_joined" {
				t.Errorf("sending: %s", e.Raw)
			}
			if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "forbidden" {
				t.Errorf("joining: %s", e.Raw)
			}
		}
		say(other, "s1", "secret")
		other.Expect("new_message")
		near.ExpectNothing()
		far.ExpectNothing()
		w.exclude("u1", false)
		near.Join("s1")
		if e := say(near, "s2", "never left"); e.Event != "ack" {
			t.Errorf("in the other study: %s", e.Raw)
		}
	})
}

// A kick that comes while the user's join is under way wins.
func TestAKickDuringAJoinWins(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		asked, answer := make(chan struct{}), make(chan error)
		first := true // only the first call waits
		var mu sync.Mutex
		w := newCluster(t, k, func(opts *coup.Options) {
			opts.Members = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
				mu.Lock()
				held := first
				first = false
				mu.Unlock()
				if !held {
					return "", store.ErrNotFound
				}
				close(asked)
				return "member", <-answer
			})
		})
		c := login(t, w.urls[0], "u1")
		id := "x"
		c.Send("join_room", &id, data{"studyId": "s1"})
		<-asked
		w.publish("study-events", `{"type":"member_kicked","studyId":"s1","userId":"u1","message":"out"}`)
		answer <- nil
		c.Expect("notification")
		if e := c.Expect("error"); e.String("code") != "forbidden" {
			t.Errorf("the join: %s, want forbidden", e.Raw)
		}
		c.ExpectNothing()
	})
}
