package storetest

import (
	"testing"

	"github.com/coupchat/coup/store"
)

var refusing = []logTest{
	{"refuses what names no live message", func(t *testing.T, s store.Log) {
		post(t, s, said("a", "kept"), said("a", "deleted"), other(store.KindDelete, 2))
		for _, seq := range []int64{2, 3, 99, 1 << 52} {
			for _, kind := range []store.Kind{store.KindEdit, store.KindDelete, store.KindReaction} {
				e := other(kind, seq)
				e.Content, e.Emoji, e.On = "x", "👍", true
				refuses(t, s, e, store.ErrNotFound)
			}
		}
	}},
	{"lets only the author change a message, or who may change any", func(t *testing.T, s store.Log) {
		post(t, s, said("a", "hello"))
		e, d := edited(1, "by another"), other(store.KindDelete, 1)
		e.UserID, d.UserID = "u2", "u2"
		refuses(t, s, e, store.ErrForbidden)
		refuses(t, s, d, store.ErrForbidden)
		if got := message(t, s, 1).Content; got != "hello" {
			t.Errorf("a refused edit made the content %q", got)
		}
		d.Any = true
		post(t, s, d)
	}},
	{"gives a client id to one entry, whatever its kind", func(t *testing.T, s store.Log) {
		m, e := said("a", "hello"), edited(1, "new")
		post(t, s, m, said("a", "another"), e)
		again := post(t, s, e)[0]
		if !again.Repeated || again.Seq != 3 || again.Content != "new" {
			t.Errorf("a repeat of the edit = seq %d, repeated %v, content %q; want seq 3, repeated, new", again.Seq, again.Repeated, again.Content)
		}
		r := reacted(1, "u1", "👍", true)
		post(t, s, r)
		if again := post(t, s, r)[0]; !again.Repeated || again.Seq != 4 || again.Count != 1 {
			t.Errorf("a repeat of the reaction = seq %d, repeated %v, count %d; want seq 4, repeated, 1", again.Seq, again.Repeated, again.Count)
		}
		taken := []store.Entry{said("a", "x"), other(store.KindDelete, 1), edited(1, "x"), edited(2, "x")}
		for i, id := range []string{e.ClientID, e.ClientID, m.ClientID, e.ClientID} {
			taken[i].ClientID = id
			refuses(t, s, taken[i], store.ErrTaken)
		}
	}},
	{"runs the entries of a batch one after the other", func(t *testing.T, s store.Log) {
		out := post(t, s, said("a", "first"), edited(1, "second"), reacted(1, "u2", "👍", true), said("b", "elsewhere"), edited(1, "third"), other(store.KindDelete, 1))
		checkSeqs(t, out, []int64{1, 2, 3, 1, 4, 5})
		checkSeqs(t, entries(t, s), span(1, 5))
		if m := message(t, s, 1); m.Content != "" || m.DeletedAt.IsZero() {
			t.Errorf("after the batch the message is %+v, want it deleted", m)
		}
		if head := message(t, s, 1); head.Seq != 1 {
			t.Errorf("seq %d", head.Seq)
		}
	}},
}
