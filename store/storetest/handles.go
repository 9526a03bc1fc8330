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
	{"see the heads of each other", func(t *testing.T, s store.Store, open func() store.Store) {
		other := open()
		for want := int64(1); want <= 3; want++ {
			checkHead(t, other, "a", want-1)
			mustAppend(t, s, said("a", "hello"))
		}
		checkHead(t, other, "a", 3)
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
		renew(t, s, "n1", store.LeaseTTL)
		report(t, s, store.Status{UserID: "u1", Online: true}, store.Status{UserID: "u2", Online: true, NodeID: "n1"})
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
		if !presence(t, s, "u2").Online {
			t.Error("the lease of a node is forgotten: a restart of the store takes all users offline")
		}
	}},
}
