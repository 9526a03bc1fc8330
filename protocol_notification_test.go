package coup_test

import (
	"testing"

	"github.com/coupchat/coup/internal/wstest"
)

func TestNotificationsReachEveryConnectionOnEveryHub(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		a, twin, far, b := login(t, w.urls[0], "u1"), login(t, w.urls[0], "u1"), login(t, w.urls[1], "u1"), login(t, w.urls[1], "u2")
		mine, all := []*wstest.Client{a, twin, far}, []*wstest.Client{a, twin, far, b}
		expect := func(clients []*wstest.Client, message string) {
			t.Helper()
			for _, c := range clients {
				if e := c.Expect("notification"); e.ID != nil || e.String("type") != "like" || e.String("message") != message {
					t.Errorf("got %s, want %q", e.Raw, message)
				}
			}
			for _, c := range all {
				c.ExpectNothing()
			}
		}
		w.publish("notifications", `{"userId":"u1","type":"like","message":"한글 😀 <b>","link":"/studies/1"}`)
		expect(mine, "한글 😀 <b>")
		w.publish("notifications", `{"userIds":["u1","u2","u1","absent"],"type":"like","message":"both","link":""}`)
		expect(all, "both")
		w.publish("notifications", `{"userId":"u1","userIds":["u2"],"type":"like","message":"both ways"}`)
		expect(all, "both ways")
		for range 3 {
			w.publish("notifications", `{"userId":"u1","type":"like","message":"once","id":"n1"}`)
		}
		expect(mine, "once")
		w.publish("notifications", `{"userIds":["u1","u2"],"type":"like","message":"new to u2","id":"n1"}`)
		expect([]*wstest.Client{b}, "new to u2")
	})
}

func TestOnlyValidLinksAreDelivered(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		c := login(t, w.urls[1], "u1")
		for _, tt := range []struct {
			link string
			good bool
		}{
			{"/studies/1", true}, {"/", true}, {"/a?b=c&d=%20#e", true}, {"https://example.org/a", true}, {"https://example.org:8443", true},
			{"javascript:alert(1)", false}, {`JaVa\tScript:alert(1)`, false}, {` javascript:alert(1)`, false}, {"data:text/html,x", false}, {"vbscript:x", false},
			{"//evil.example", false}, {`/\\evil.example`, false}, {`\\\\evil.example`, false}, {`/\t/evil.example`, false}, {`/\n/evil.example`, false},
			{"http://example.org", false}, {"https:evil.example", false}, {"https:///evil", false}, {"https://a@evil.example", false}, {"studies/1", false}, {"ftp://example.org", false},
			{"blob:https://example.org/1", false}, {`https:\\\\evil.example`, false}, {`\u0001javascript:x`, false},
		} {
			w.publish("notifications", `{"userId":"u1","type":"t","message":"m","link":"`+tt.link+`"}`)
			if e := c.Expect("notification"); (e.String("link") != "") != tt.good || tt.good && e.String("link") != tt.link {
				t.Errorf("link %q: got %s, want it kept: %v", tt.link, e.Raw, tt.good)
			}
		}
	})
}

// Such a link counts as none. The rest of the event is delivered.
func TestALinkThatIsNotAStringIsDropped(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		c := login(t, w.urls[0], "u1")
		c.Join("s1")
		for _, link := range []string{`7`, `null`, `true`, `{}`, `{"href":"/a"}`, `["/a"]`} {
			w.publish("notifications", `{"userId":"u1","type":"t","message":"m","link":`+link+`}`)
			w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m","link":`+link+`}`)
			for range 2 {
				if e := c.Expect("notification"); e.String("message") != "m" || e.String("link") != "" {
					t.Errorf("link %s: got %s", link, e.Raw)
				}
			}
		}
	})
}
