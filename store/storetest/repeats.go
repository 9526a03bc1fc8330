package storetest

import (
	"testing"

	"github.com/coupchat/coup/store"
)

var repeats = []test{
	{"gives the original back for a known client id", func(t *testing.T, s store.Store) {
		m := said("a", "original")
		m.ClientID = "c1"
		first := mustAppend(t, s, m)[0]
		mustAppend(t, s, said("a", "between"))
		m.Content, m.UserName = "changed", "Other name"
		again := mustAppend(t, s, m)[0]
		if !again.Repeated {
			t.Error("the second one is not marked Repeated")
		}
		checkSame(t, again, first)
		checkHead(t, s, "a", 2)
	}},
	{"gives the original back for a generated client id", func(t *testing.T, s store.Store) {
		m := said("a", "hello")
		first := mustAppend(t, s, m)[0]
		again := mustAppend(t, s, m)[0]
		if !again.Repeated {
			t.Error("the second one is not marked Repeated")
		}
		checkSame(t, again, first)
		checkHead(t, s, "a", 1)
	}},
	{"finds repeats within a batch", func(t *testing.T, s store.Store) {
		m, other := said("a", "hello"), said("a", "other")
		changed := m
		changed.Content = "changed"
		out := mustAppend(t, s, m, other, changed, m)
		checkSeqs(t, out, []int64{1, 2, 1, 1})
		for i, want := range []bool{false, false, true, true} {
			if out[i].Repeated != want {
				t.Errorf("answer %d: Repeated = %v, want %v", i, out[i].Repeated, want)
			}
		}
		checkSame(t, out[2], out[0])
		checkHead(t, s, "a", 2)
	}},
	{"stores what is new in a batch with repeats, without gaps", func(t *testing.T, s store.Store) {
		old := saidMany("a", 3)
		mustAppend(t, s, old...)
		out := mustAppend(t, s, old[2], said("a", "new"), old[0], said("b", "new"), said("a", "newer"), old[1])
		checkSeqs(t, out, []int64{3, 4, 1, 1, 5, 2})
		checkHead(t, s, "a", 5)
	}},
	{"takes the same client id from another user or in another study as new", func(t *testing.T, s store.Store) {
		m := said("a", "hello")
		m.ClientID = "c1"
		user, study := m, m
		user.UserID, study.StudyID = "u2", "b"
		for _, got := range mustAppend(t, s, m, user, study) {
			if got.Repeated {
				t.Errorf("message of %s in %s is marked Repeated", got.UserID, got.StudyID)
			}
		}
		checkHead(t, s, "a", 2)
		checkHead(t, s, "b", 1)
	}},
	{"remembers a client id for ever", func(t *testing.T, s store.Store) {
		first := mustAppend(t, s, said("a", "first"))[0]
		for range 3 {
			mustAppend(t, s, saidMany("a", 400)...)
		}
		m := first
		if again := mustAppend(t, s, m)[0]; !again.Repeated || again.Seq != 1 {
			t.Errorf("after 1,200 other messages the client id is forgotten: Append = seq %d, repeated %v, want seq 1, repeated", again.Seq, again.Repeated)
		}
	}},
	{"tells users that differ in case apart", func(t *testing.T, s store.Store) {
		m := said("a", "hello")
		m.ClientID = "c1"
		other := m
		m.UserID, other.UserID = "Mina", "mina"
		out := mustAppend(t, s, m, other)
		if out[1].Repeated || out[1].Seq != 2 {
			t.Errorf("users Mina and mina count as one: Append = seq %d, repeated %v", out[1].Seq, out[1].Repeated)
		}
	}},
	{"tells a batch of repeats only from a new one", func(t *testing.T, s store.Store) {
		msgs := saidMany("a", 50)
		first := mustAppend(t, s, msgs...)
		for i, m := range mustAppend(t, s, msgs...) {
			if !m.Repeated {
				t.Errorf("message %d is not marked Repeated", i)
			}
			checkSame(t, m, first[i])
		}
		checkHead(t, s, "a", 50)
	}},
	{"ignores what the caller put into Seq, ID and Repeated", func(t *testing.T, s store.Store) {
		m := said("a", "hello")
		m.Seq, m.ID, m.Repeated = 42, "x", true
		if got := mustAppend(t, s, m)[0]; got.Seq != 1 || got.ID == "x" || got.Repeated {
			t.Errorf("Append = %+v, want seq 1, an id of the store, not repeated", got)
		}
	}},
}
