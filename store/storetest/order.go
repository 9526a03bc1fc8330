package storetest

import (
	"maps"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// orders are tests of several reports in one call of SetStatus.
var orders = []test{
	{"counts online and then offline in one call", func(t *testing.T, s store.Store) {
		for _, node := range []store.NodeID{"", "n1"} {
			user := store.UserID("u1" + node)
			report(t, s, store.Status{UserID: user, Online: true, NodeID: node}, store.Status{UserID: user, NodeID: node})
			p := presence(t, s, user)
			if p.Online || p.LastSeenAt.IsZero() {
				t.Fatalf("Presence after [online, offline] in one call is %+v, want offline and seen now", p)
			}
			checkAbout(t, p.LastSeenAt, time.Now())
		}
	}},
	{"moves LastSeenAt on by online and then offline in one call", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true})
		report(t, s, store.Status{UserID: "u1"})
		before := presence(t, s, "u1").LastSeenAt
		wait(t, 20*time.Millisecond)
		report(t, s, store.Status{UserID: "u1"}, store.Status{UserID: "u1", Online: true}, store.Status{UserID: "u1"}, store.Status{UserID: "u1"})
		if p := presence(t, s, "u1"); p.Online || !p.LastSeenAt.After(before) {
			t.Errorf("Presence after [offline, online, offline, offline] in one call is %+v, want offline and LastSeenAt after %s", p, before)
		}
	}},
	{"counts offline and then online in one call", func(t *testing.T, s store.Store) {
		for _, node := range []store.NodeID{"", "n1"} {
			user := store.UserID("u1" + node)
			for range 2 {
				report(t, s, store.Status{UserID: user, NodeID: node}, store.Status{UserID: user, Online: true, NodeID: node})
				if p := presence(t, s, user); !p.Online {
					t.Fatalf("Presence after [offline, online] in one call is %+v, want online", p)
				}
			}
		}
	}},
	{"lets the last report of a batch count", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true}, store.Status{UserID: "u2"}, store.Status{UserID: "u1"},
			store.Status{UserID: "u2", Online: true})
		checkOnline(t, s, "u1", false)
		checkOnline(t, s, "u2", true)
	}},
	{"starts a lease with an online report that an offline report follows", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
		renew(t, s, "n1", 50*time.Millisecond)
		awaitOffline(t, s, "u1")
		report(t, s, store.Status{UserID: "u2", Online: true, NodeID: "n1"}, store.Status{UserID: "u2", NodeID: "n1"})
		if p := presence(t, s, "u1"); !p.Online {
			t.Errorf("[online, offline] of another user in one call starts no lease: Presence = %+v, want online", p)
		}
	}},
	{"counts an offline report before the online report that starts the lease", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
		renew(t, s, "n1", 50*time.Millisecond)
		awaitOffline(t, s, "u1")
		end := presence(t, s, "u1").LastSeenAt
		wait(t, 20*time.Millisecond)
		report(t, s, store.Status{UserID: "u1", NodeID: "n1"}, store.Status{UserID: "u2", Online: true, NodeID: "n1"})
		if p := presence(t, s, "u1"); p.Online || !p.LastSeenAt.Equal(end) {
			t.Errorf("a later report in the same call that another user is online moved LastSeenAt: Presence = %+v, want offline since %s", p, end)
		}
	}},
}

// caseOfIDs are tests of ids in presence that differ in case.
var caseOfIDs = []test{
	{"tells users that differ in case apart", func(t *testing.T, s store.Store) {
		report(t, s, store.Status{UserID: "Mina", Online: true})
		got, err := s.Presence(t.Context(), []store.UserID{"Mina", "mina"})
		if err != nil {
			t.Fatal(err)
		}
		if !got["Mina"].Online || got["mina"].Online || !got["mina"].LastSeenAt.IsZero() {
			t.Fatalf("users Mina and mina count as one in presence: Presence = %v, want only Mina online", got)
		}
		report(t, s, store.Status{UserID: "mina"})
		checkOnline(t, s, "Mina", true)
	}},
	{"tells nodes that differ in case apart", func(t *testing.T, s store.Store) {
		renew(t, s, "n1", store.LeaseTTL)
		renew(t, s, "N1", store.LeaseTTL)
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"}, store.Status{UserID: "u2", Online: true, NodeID: "N1"},
			store.Status{UserID: "both", Online: true, NodeID: "n1"}, store.Status{UserID: "both", NodeID: "N1"})
		online := func() map[store.UserID]bool {
			return map[store.UserID]bool{"u1": presence(t, s, "u1").Online, "u2": presence(t, s, "u2").Online, "both": presence(t, s, "both").Online}
		}
		if got := online(); !got["both"] {
			t.Fatalf("nodes n1 and N1 count as one: online are %v, want both, since only N1 has them offline", got)
		}
		renew(t, s, "N1", 50*time.Millisecond)
		want := map[store.UserID]bool{"u1": true, "u2": false, "both": true}
		within(5*time.Second, func() bool { got := online(); return !got["u1"] || !got["u2"] })
		if got := online(); !maps.Equal(got, want) {
			t.Fatalf("nodes n1 and N1 count as one: online are %v after the lease of N1 has ended, want %v", got, want)
		}
	}},
}
