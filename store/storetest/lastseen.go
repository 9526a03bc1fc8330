package storetest

import (
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// lastSeens are tests of Presence.LastSeenAt.
var lastSeens = []test{
	{"keeps milliseconds, and not whole seconds", func(t *testing.T, s store.Store) {
		for _, c := range []struct {
			name string
			seen func() time.Time
		}{
			{"a user who is online", func() time.Time {
				report(t, s, store.Status{UserID: "u1", Online: true})
				return presence(t, s, "u1").LastSeenAt
			}},
			{"a user who was reported offline", func() time.Time {
				report(t, s, store.Status{UserID: "u2", Online: true})
				report(t, s, store.Status{UserID: "u2"})
				return presence(t, s, "u2").LastSeenAt
			}},
			{"a user whose lease ended", func() time.Time {
				report(t, s, store.Status{UserID: "u3", Online: true, NodeID: "n1"})
				renew(t, s, "n1", 5*time.Millisecond)
				awaitOffline(t, s, "u3")
				return presence(t, s, "u3").LastSeenAt
			}},
		} {
			whole := true
			for range 5 {
				whole = whole && c.seen().Nanosecond() == 0
				wait(t, 7*time.Millisecond)
			}
			if whole {
				t.Errorf("LastSeenAt of %s is a whole second each time, want milliseconds", c.name)
			}
		}
	}},
	{"is the time of the question while the user is online", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true})
		report(t, s, store.Status{UserID: "u1"})
		report(t, s, store.Status{UserID: "u1", Online: true}, store.Status{UserID: "u2", Online: true, NodeID: "n1"})
		for _, user := range []store.UserID{"u1", "u2"} {
			before := presence(t, s, user).LastSeenAt
			wait(t, 20*time.Millisecond)
			after := presence(t, s, user).LastSeenAt
			if !after.After(before) {
				t.Fatalf("LastSeenAt of a user who is online is %s, and 20ms later %s, want the time of each question", before, after)
			}
			checkAbout(t, after, time.Now())
		}
	}},
	{"moves on each time the user goes offline", func(t *testing.T, s store.Store) {
		for _, node := range []store.NodeID{"", "n1"} {
			var before time.Time
			for range 3 {
				report(t, s, store.Status{UserID: "u1", Online: true, NodeID: node})
				wait(t, 20*time.Millisecond)
				report(t, s, store.Status{UserID: "u1", NodeID: node})
				after := presence(t, s, "u1").LastSeenAt
				if !after.After(before) {
					t.Fatalf("LastSeenAt is %s after the user went offline again, want later than %s", after, before)
				}
				checkAbout(t, after, time.Now())
				before = after
			}
		}
	}},
	{"is that of the node that saw the user last", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"}, store.Status{UserID: "u1", Online: true, NodeID: "n2"})
		report(t, s, store.Status{UserID: "u1", NodeID: "n2"})
		online := presence(t, s, "u1").LastSeenAt
		wait(t, 20*time.Millisecond)
		report(t, s, store.Status{UserID: "u1", NodeID: "n1"})
		if p := presence(t, s, "u1"); p.Online || !p.LastSeenAt.After(online) {
			t.Errorf("after the last of two nodes reported the user offline Presence = %+v, want offline and LastSeenAt after %s", p, online)
		}
	}},
}
