package storetest

import (
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// handles are tests of two handles on the same data, as two hubs have them.
var handles = []pairTest{
	{"number the messages of a study together", func(t *testing.T, s store.Store, open func() store.Store) {
		other := open()
		for i := range 3 {
			for j, h := range []store.Store{s, other} {
				want := int64(2*i + j + 1)
				if got := mustAppend(t, h, said("a", "hello"))[0].Seq; got != want {
					t.Fatalf("with two handles in turn, append %d gets seq %d, want %d", want, got, want)
				}
			}
		}
		checkHead(t, s, "a", 6)
		checkHead(t, other, "a", 6)
	}},
	{"have no stale answers after they have answered before", func(t *testing.T, s store.Store, open func() store.Store) {
		both := []store.Store{s, open()}
		for want := range int64(6) {
			for i, h := range both {
				heads, err := h.Heads(t.Context(), []store.StudyID{"a"})
				if err != nil {
					t.Fatal(err)
				}
				if heads["a"] != want {
					t.Fatalf("Heads of handle %d is %d after the other one was used, want %d: it is stale", i+1, heads["a"], want)
				}
				if n := int64(len(all(t, h, "a"))); n != want {
					t.Fatalf("History of handle %d has %d messages after the other one was used, want %d: it is stale", i+1, n, want)
				}
				if p := presence(t, h, "u1"); p.Online != (want%2 == 1) {
					t.Fatalf("Presence of handle %d is %+v after the other one was used, want online %v: it is stale", i+1, p, want%2 == 1)
				}
			}
			// Each handle writes twice before the other does.
			h := both[want/2%2]
			mustAppend(t, h, said("a", "hello"))
			report(t, h, store.Status{UserID: "u1", Online: want%2 == 0})
		}
	}},
	{"leave no gap when both append at the same time", func(t *testing.T, s store.Store, open func() store.Store) {
		both, each := []store.Store{s, open()}, 20
		together(4, func(i int) {
			for range each {
				if _, err := both[i%2].Append(t.Context(), saidMany("a", 2)); err != nil {
					t.Errorf("Append: %v", err)
				}
			}
		})
		checkHead(t, s, "a", int64(4*each*2))
		checkHead(t, both[1], "a", int64(4*each*2))
	}},
	{"know the client ids of each other", func(t *testing.T, s store.Store, open func() store.Store) {
		m := said("a", "hello")
		first := mustAppend(t, s, m)[0]
		again := mustAppend(t, open(), m)[0]
		if !again.Repeated {
			t.Error("a message that one handle has stored is new to the other")
		}
		checkSame(t, again, first)
	}},
	{"see the presence of each other", func(t *testing.T, s store.Store, open func() store.Store) {
		other := open()
		renew(t, s, "n1", store.LeaseTTL)
		report(t, s, store.Status{UserID: "u1", Online: true, NodeID: "n1"})
		checkOnline(t, other, "u1", true)
		renew(t, other, "n1", 50*time.Millisecond)
		awaitOffline(t, s, "u1")
	}},
}

// reopens are tests of data that is closed and opened again.
var reopens = []pairTest{
	{"keeps messages, client ids, seqs and presence", func(t *testing.T, s store.Store, reopen func() store.Store) {
		sent := saidMany("a", 3)
		stored := mustAppend(t, s, sent...)
		report(t, s, store.Status{UserID: "u1", Online: true})
		s = reopen()
		kept := all(t, s, "a")
		checkSeqs(t, kept, span(1, 3))
		for i, m := range kept {
			checkSame(t, m, stored[i])
		}
		if again := mustAppend(t, s, sent[0])[0]; !again.Repeated || again.Seq != 1 {
			t.Errorf("the client id is forgotten: Append = seq %d, repeated %v", again.Seq, again.Repeated)
		}
		if next := mustAppend(t, s, said("a", "next"))[0]; next.Seq != 4 {
			t.Errorf("the next message has seq %d, want 4", next.Seq)
		}
		checkOnline(t, s, "u1", true)
	}},
	{"keeps leases, and when users were last seen", func(t *testing.T, s store.Store, reopen func() store.Store) {
		report(t, s, store.Status{UserID: "lapsed", Online: true, NodeID: "dead"}, store.Status{UserID: "gone", Online: true}, store.Status{UserID: "gone"})
		renew(t, s, "dead", 50*time.Millisecond)
		awaitOffline(t, s, "lapsed")
		lapsed, gone := presence(t, s, "lapsed"), presence(t, s, "gone")
		report(t, s, store.Status{UserID: "first", Online: true, NodeID: "n1"}, store.Status{UserID: "renewed", Online: true, NodeID: "n2"})
		renew(t, s, "n2", store.LeaseTTL)
		s = reopen()
		for _, user := range []store.UserID{"first", "renewed"} {
			if p := presence(t, s, user); !p.Online {
				t.Fatalf("the lease of a node is forgotten: Presence = %+v, want online", p)
			}
		}
		for _, want := range []store.Presence{lapsed, gone} {
			if p := presence(t, s, want.UserID); p.Online || !p.LastSeenAt.Equal(want.LastSeenAt) {
				t.Fatalf("Presence after the reopen is %+v, want offline since %s", p, want.LastSeenAt)
			}
		}
		renew(t, s, "dead", store.LeaseTTL)
		checkOnline(t, s, "lapsed", true)
	}},
}
