package storetest

import (
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

var presences = []test{
	{"has a user it never saw as offline", func(t *testing.T, s store.Store) {
		if p := presence(t, s, "u1"); p.Online || !p.LastSeenAt.IsZero() {
			t.Errorf("Presence = %+v, want offline and never seen", p)
		}
	}},
	{"does nothing for empty lists", func(t *testing.T, s store.Store) {
		report(t, s)
		if got, err := s.Presence(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("Presence(nil) = %v, %v; want none", got, err)
		}
	}},
	{"holds a report without a node until the next one", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true})
		checkOnline(t, s, "u1", true)
		report(t, s, store.Status{UserID: "u1"})
		checkOnline(t, s, "u1", false)
		report(t, s, store.Status{UserID: "u1", Online: true})
		checkOnline(t, s, "u1", true)
	}},
	{"sees a user who is online now, in UTC", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true})
		checkAbout(t, presence(t, s, "u1").LastSeenAt, time.Now())
	}},
	{"saw a user last when the report came that took them offline", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true})
		report(t, s, store.Status{UserID: "u1"})
		at := presence(t, s, "u1").LastSeenAt
		checkAbout(t, at, time.Now())
		wait(t, 20*time.Millisecond)
		report(t, s, store.Status{UserID: "u1"})
		if again := presence(t, s, "u1").LastSeenAt; !again.Equal(at) {
			t.Errorf("LastSeenAt moved from %s to %s while offline", at, again)
		}
	}},
	{"never saw a user who was only reported offline", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1"})
		if p := presence(t, s, "u1"); p.Online || !p.LastSeenAt.IsZero() {
			t.Errorf("Presence = %+v, want offline and never seen", p)
		}
	}},
	{"holds a node's reports while its lease does", func(t *testing.T, s store.Store) {
		renew(t, s, "n1", store.LeaseTTL)
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
		checkOnline(t, s, "u1", true)
		checkAbout(t, presence(t, s, "u1").LastSeenAt, time.Now())
		report(t, s, store.Status{UserID: "u1", NodeID: "n1"})
		checkOnline(t, s, "u1", false)
	}},
	{"starts the lease of a node with its first online report", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"}, store.Status{UserID: "u2", Online: true, NodeID: "n1"})
		checkOnline(t, s, "u1", true)
		checkOnline(t, s, "u2", true)
	}},
	{"starts the lease of a node anew with an online report after a lapse", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
		renew(t, s, "n1", 50*time.Millisecond)
		awaitOffline(t, s, "u1")
		report(t, s, store.Status{UserID: "u2", NodeID: "n1"})
		checkOnline(t, s, "u1", false)
		report(t, s, store.Status{UserID: "u2", Online: true, NodeID: "n1"})
		checkOnline(t, s, "u1", true)
	}},
	{"takes users offline when the lease ends, and sees them until then", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
		start := time.Now()
		const ttl = 200 * time.Millisecond
		renew(t, s, "n1", ttl)
		awaitOffline(t, s, "u1")
		end := presence(t, s, "u1").LastSeenAt
		checkAbout(t, end, start.Add(ttl))
		wait(t, 20*time.Millisecond)
		if again := presence(t, s, "u1").LastSeenAt; !again.Equal(end) {
			t.Errorf("LastSeenAt moved from %s to %s after the lease ended", end, again)
		}
		// Another report that the user is offline does not change LastSeenAt.
		report(t, s, store.Status{UserID: "u1", NodeID: "n1"})
		if again := presence(t, s, "u1").LastSeenAt; !again.Equal(end) {
			t.Errorf("LastSeenAt moved from %s to %s by an offline report", end, again)
		}
	}},
	{"lets only RenewNode prolong a lease", func(t *testing.T, s store.Store) {
		// An online report after the end of the lease starts another one, so both reports have to
		// come before it. On a machine that was too slow for that, the lease has to be longer.
		for ttl := 300 * time.Millisecond; ; ttl *= 2 {
			start := time.Now()
			renew(t, s, "n1", ttl)
			report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
			report(t, s, store.Status{UserID: "u2", Online: true, NodeID: "n1"})
			if time.Since(start) < ttl {
				break
			}
			if ttl > 2*time.Second {
				t.Fatalf("one RenewNode and two SetStatus took longer than %s", ttl)
			}
		}
		awaitOffline(t, s, "u1")
	}},
	{"revives a node's reports when it renews after a lapse", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"}, store.Status{UserID: "u2", NodeID: "n1"})
		renew(t, s, "n1", 50*time.Millisecond)
		awaitOffline(t, s, "u1")
		renew(t, s, "n1", store.LeaseTTL)
		checkOnline(t, s, "u1", true)
		checkOnline(t, s, "u2", false)
	}},
	{"has a user online while any node says so", func(t *testing.T, s store.Store) {
		renew(t, s, "n1", store.LeaseTTL)
		renew(t, s, "n2", store.LeaseTTL)
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"}, store.Status{UserID: "u1", Online: true, NodeID: "n2"})
		report(t, s, store.Status{UserID: "u1", NodeID: "n1"})
		checkOnline(t, s, "u1", true)
		report(t, s, store.Status{UserID: "u1", NodeID: "n2"})
		checkOnline(t, s, "u1", false)
	}},
	{"keeps a user of a dead node online through a live one", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "both", Online: true, NodeID: "dead"}, store.Status{UserID: "both", Online: true, NodeID: "live"},
			store.Status{UserID: "u1", Online: true, NodeID: "dead"})
		renew(t, s, "live", store.LeaseTTL)
		renew(t, s, "dead", 50*time.Millisecond)
		awaitOffline(t, s, "u1")
		checkOnline(t, s, "both", true)
	}},
	{"keeps reports with and without a node apart", func(t *testing.T, s store.Store) {
		renew(t, s, "n1", store.LeaseTTL)
		report(t, s, store.Status{UserID: "u1", Online: true}, store.Status{UserID: "u1", NodeID: "n1"})
		checkOnline(t, s, "u1", true)
		report(t, s, store.Status{UserID: "u1"}, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
		checkOnline(t, s, "u1", true)
	}},
	{"answers for many users at once", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true}, store.Status{UserID: "u2"}, store.Status{UserID: "u3", Online: true})
		got, err := s.Presence(t.Context(), []store.UserID{"u1", "u2", "nobody", "u3", "u1"})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 4 {
			t.Errorf("Presence has %d entries, want 4", len(got))
		}
		for user, want := range map[store.UserID]bool{"u1": true, "u2": false, "nobody": false, "u3": true} {
			if p := got[user]; p.UserID != user || p.Online != want {
				t.Errorf("Presence of %s is %+v, want online %v", user, p, want)
			}
		}
	}},
}

func report(t *testing.T, s store.Store, reports ...store.Status) {
	t.Helper()
	if err := s.SetStatus(t.Context(), reports); err != nil {
		t.Fatalf("SetStatus(%+v): %v", reports, err)
	}
}

func renew(t *testing.T, s store.Store, node store.NodeID, ttl time.Duration) {
	t.Helper()
	if err := s.RenewNode(t.Context(), node, ttl); err != nil {
		t.Fatalf("RenewNode(%s, %s): %v", node, ttl, err)
	}
}

func presence(t *testing.T, s store.Store, user store.UserID) store.Presence {
	t.Helper()
	got, err := s.Presence(t.Context(), []store.UserID{user})
	if err != nil {
		t.Fatalf("Presence(%s): %v", user, err)
	}
	if p := got[user]; p.UserID == user {
		return p
	}
	t.Fatalf("Presence(%s) = %v, want an entry for it", user, got)
	return store.Presence{}
}

func checkOnline(t *testing.T, s store.Store, user store.UserID, want bool) {
	t.Helper()
	if p := presence(t, s, user); p.Online != want {
		t.Errorf("Presence(%s) = %+v, want online %v", user, p, want)
	}
}

func checkAbout(t *testing.T, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want).Abs(); d > slack || got.Location() != time.UTC {
		t.Errorf("LastSeenAt is %s, want about %s in UTC", got, want.UTC())
	}
}

func awaitOffline(t *testing.T, s store.Store, user store.UserID) {
	t.Helper()
	eventually(t, 5*time.Second, string(user)+" is offline after the lease of its node has ended", func() bool { return !presence(t, s, user).Online })
}

// wait lets the clock of the store move on, to test that nothing happens.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	start := time.Now()
	eventually(t, time.Second, "time passes", func() bool { return time.Since(start) >= d })
}
