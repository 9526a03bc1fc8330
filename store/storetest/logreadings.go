package storetest

import (
	"testing"

	"github.com/coupchat/coup/store"
)

var readings = []logTest{
	{"has messages in History and everything in Entries", func(t *testing.T, s store.Log) {
		post(t, s, said("a", "one"), edited(1, "uno"), said("a", "two"), reacted(3, "u2", "👍", true), said("a", "three"), other(store.KindDelete, 3))
		checkSeqs(t, all(t, s, "a"), []int64{1, 3, 5})
		checkSeqs(t, entries(t, s), span(1, 6))
		for _, tt := range []struct {
			q    store.Query
			want []int64
		}{
			{store.Query{Limit: 2}, []int64{1, 2}},
			{store.Query{After: 2, Limit: 3}, []int64{3, 4, 5}},
			{store.Query{After: 1, Before: 5, Limit: 10}, []int64{2, 3, 4}},
			{store.Query{After: 6, Limit: 10}, nil},
		} {
			tt.q.StudyID = "a"
			found, err := s.Entries(t.Context(), tt.q)
			if err != nil {
				t.Fatalf("Entries(%+v): %v", tt.q, err)
			}
			checkSeqs(t, found, tt.want)
		}
		checkSeqs(t, mustHistory(t, s, store.Query{StudyID: "a", Limit: 2, Newest: true}), []int64{3, 5})
		heads, err := s.Heads(t.Context(), []store.StudyID{"a"})
		if err != nil || heads["a"] != 6 {
			t.Errorf("Heads = %v, %v; want 6, the entries of all kinds", heads, err)
		}
	}},
	{"shows an edit with what the message says now", func(t *testing.T, s store.Log) {
		post(t, s, said("a", "one"), edited(1, "two"), edited(1, "three"))
		for i, e := range entries(t, s) {
			if e.Content != "three" {
				t.Errorf("entry %d says %q, want three", i+1, e.Content)
			}
		}
	}},
}
