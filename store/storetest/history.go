package storetest

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup/store"
)

var histories = []test{
	{"selects by After, Before, Limit and Newest", func(t *testing.T, s store.Store) {
		mustAppend(t, s, saidMany("a", 10)...)
		mustAppend(t, s, saidMany("b", 3)...)
		for _, c := range []struct {
			name  string
			query store.Query
			want  []int64
		}{
			{"everything", store.Query{Limit: 100}, span(1, 10)},
			{"everything from the newest", store.Query{Limit: 100, Newest: true}, span(1, 10)},
			{"the oldest", store.Query{Limit: 3}, span(1, 3)},
			{"the newest", store.Query{Limit: 3, Newest: true}, span(8, 10)},
			{"after", store.Query{After: 7, Limit: 100}, span(8, 10)},
			{"after, the oldest", store.Query{After: 4, Limit: 2}, span(5, 6)},
			{"after, the newest", store.Query{After: 4, Limit: 2, Newest: true}, span(9, 10)},
			{"after the end", store.Query{After: 10, Limit: 100}, nil},
			{"far after the end", store.Query{After: 1 << 40, Limit: 100, Newest: true}, nil},
			{"before", store.Query{Before: 4, Limit: 100}, span(1, 3)},
			{"before, the oldest", store.Query{Before: 8, Limit: 2}, span(1, 2)},
			{"before, the newest", store.Query{Before: 8, Limit: 2, Newest: true}, span(6, 7)},
			{"before the beginning", store.Query{Before: 1, Limit: 100}, nil},
			{"far beyond the end", store.Query{Before: 1 << 40, Limit: 2, Newest: true}, span(9, 10)},
			{"between", store.Query{After: 2, Before: 6, Limit: 100}, span(3, 5)},
			{"between, the newest", store.Query{After: 2, Before: 6, Limit: 1, Newest: true}, span(5, 5)},
			{"between neighbours", store.Query{After: 5, Before: 6, Limit: 100}, nil},
			{"between in the wrong order", store.Query{After: 6, Before: 3, Limit: 100}, nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				c.query.StudyID = "a"
				msgs := mustHistory(t, s, c.query)
				checkSeqs(t, msgs, append([]int64{}, c.want...))
				for _, m := range msgs {
					if want := fmt.Sprintf("message %d", m.Seq); m.StudyID != "a" || m.Content != want || m.Repeated {
						t.Errorf("seq %d is %+v, want content %q of study a", m.Seq, m, want)
					}
				}
			})
		}
	}},
	{"has no messages of a study in which nothing was said", func(t *testing.T, s store.Store) {
		if msgs := all(t, s, "nowhere"); len(msgs) != 0 {
			t.Errorf("History(nowhere) = %d messages, want none", len(msgs))
		}
	}},
	{"has a head for each study asked for", func(t *testing.T, s store.Store) {
		mustAppend(t, s, append(saidMany("a", 3), said("B:@.-_9", "x"))...)
		got, err := s.Heads(t.Context(), []store.StudyID{"a", "nowhere", "B:@.-_9", "a"})
		if err != nil {
			t.Fatal(err)
		}
		if want := (map[store.StudyID]int64{"a": 3, "nowhere": 0, "B:@.-_9": 1}); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("Heads = %v, want %v", got, want)
		}
	}},
	{"has no heads when none is asked for", func(t *testing.T, s store.Store) {
		if got, err := s.Heads(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("Heads(nil) = %v, %v; want none", got, err)
		}
	}},
	{"has thousands of heads at once", func(t *testing.T, s store.Store) {
		studies := make([]store.StudyID, 5000)
		for i := range studies {
			studies[i] = store.StudyID(fmt.Sprintf("study-%d", i))
		}
		mustAppend(t, s, said(studies[4321], "x"))
		got, err := s.Heads(t.Context(), studies)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(studies) || got[studies[4321]] != 1 || got[studies[0]] != 0 {
			t.Errorf("Heads = %d entries, %d and %d; want %d, 1 and 0", len(got), got[studies[4321]], got[studies[0]], len(studies))
		}
	}},
	{"tells ids that differ in case apart", func(t *testing.T, s store.Store) {
		mustAppend(t, s, said("Study", "1"))
		checkHead(t, s, "study", 0)
		checkHead(t, s, "Study", 1)
	}},
}
