package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// A searchTest is one behaviour of a store that searches, on an empty one.
type searchTest struct {
	name string
	run  func(t *testing.T, s store.Searcher)
}

var searches = []searchTest{
	{"MessagesAreFoundByTheirWords", func(t *testing.T, s store.Searcher) {
		for i, text := range []string{"다음 스터디에서 만나요", "Channels in Golang", "golang channel and select", "a plan", "스터디 자료"} {
			m := said("a", text)
			m.UserID = store.UserID(fmt.Sprint("u", i%2))
			mustAppend(t, s, m)
		}
		mustAppend(t, s, said("b", "golang in another study"))
		for _, tt := range []struct {
			query store.SearchQuery
			want  string
		}{
			{store.SearchQuery{Text: "스터디"}, "[5 1]"},
			{store.SearchQuery{Text: "CHANNEL golang"}, "[3 2]"},
			{store.SearchQuery{Text: "lang"}, "[3 2]"},
			{store.SearchQuery{Text: "golang", Limit: 1}, "[3]"},
			{store.SearchQuery{Text: "golang", Before: 3}, "[2]"},
			{store.SearchQuery{Text: "golang", UserID: "u1"}, "[2]"},
			{store.SearchQuery{Text: "a"}, "[4]"},
			{store.SearchQuery{Text: "nothing"}, "[]"},
			{store.SearchQuery{Text: "?!"}, "[]"},
			{store.SearchQuery{Text: "golang", UserID: "nobody"}, "[]"},
		} {
			finds(t, s, tt.query, tt.want)
		}
	}},
	{"WhatIsDeletedOrEditedIsNotFound", func(t *testing.T, s store.Searcher) {
		l, ok := s.(store.Log)
		if !ok {
			return
		}
		post(t, l, said("a", "first secret"), said("a", "second secret"), said("a", "third secret"))
		finds(t, s, store.SearchQuery{Text: "secret"}, "[3 2 1]")
		post(t, l, edited(1, "harmless words"), other(store.KindDelete, 2))
		finds(t, s, store.SearchQuery{Text: "secret"}, "[3]")
		finds(t, s, store.SearchQuery{Text: "harmless"}, "[1]")
		if e, ok := s.(store.Eraser); ok {
			erase(t, e, store.Erasure{StudyID: "a"})
			finds(t, s, store.SearchQuery{Text: "secret"}, "[]")
			finds(t, s, store.SearchQuery{Text: "harmless"}, "[]")
		}
	}},
	{"ManyAreFoundInPages", func(t *testing.T, s store.Searcher) {
		for range 3 {
			mustAppend(t, s, saidMany("a", 250)...)
		}
		finds(t, s, store.SearchQuery{Text: "message 250", Limit: 5}, "[750 500 250]")
		seen, before := 0, int64(0)
		for {
			page, err := s.Search(t.Context(), store.SearchQuery{StudyID: "a", Text: "message", Before: before, Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page {
				if before > 0 && m.Seq != before-1 {
					t.Fatalf("seq %d after %d", m.Seq, before)
				}
				before = m.Seq
			}
			if seen += len(page); len(page) < 100 {
				break
			}
		}
		if seen != 750 {
			t.Errorf("%d messages are found, want 750", seen)
		}
	}},
	{"ASearchIsChecked", func(t *testing.T, s store.Searcher) {
		for _, q := range []store.SearchQuery{{StudyID: "a", Limit: 1}, {StudyID: "a", Text: "x"}, {Text: "x", Limit: 1}, {StudyID: "a", Text: "x", Limit: 1, Before: -1}, {StudyID: "a", Text: "x", Limit: 1, UserID: ".."}} {
			if _, err := s.Search(t.Context(), q); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("Search(%+v) = %v, want an error that wraps ErrInvalid", q, err)
			}
		}
	}},
}

// finds waits until a search in study a finds the messages with these seqs.
func finds(t *testing.T, s store.Searcher, q store.SearchQuery, want string) {
	t.Helper()
	q.StudyID = "a"
	if q.Limit == 0 {
		q.Limit = 10
	}
	var seqs []int64
	if !within(20*time.Second, func() bool {
		found, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("Search(%+v): %v", q, err)
		}
		seqs = nil
		for _, m := range found {
			seqs = append(seqs, m.Seq)
		}
		return fmt.Sprint(seqs) == want
	}) {
		t.Errorf("Search(%+v) finds %v, want %s", q, seqs, want)
	}
}

// runSearches runs the tests of store.Searcher, if the backend is one, with ids of the tests.
func runSearches(t *testing.T, open func(t *testing.T) Backend) {
	for _, c := range searches {
		t.Run(c.name, func(t *testing.T) {
			b := open(t)
			if b.Search != nil {
				b.Store = b.Search()
			}
			s, ok := b.Store.(store.Searcher)
			if ok && b.NewID == nil {
				_, err := s.Search(t.Context(), store.SearchQuery{StudyID: "a", Text: "text", Limit: 1})
				ok = !errors.Is(err, errors.ErrUnsupported)
			}
			if !ok || b.NewID != nil {
				t.Log("Backend.Store does not search, or Backend.NewID is set")
				return
			}
			c.run(t, s)
		})
	}
}
