package search_test

import (
	"slices"
	"testing"

	"github.com/coupchat/coup/internal/search"
)

func TestQueries(t *testing.T) {
	for _, tt := range []struct {
		query, text string
		want        bool
	}{
		{"스터디", "다음 스터디에서 만나요", true},
		{"스터", "다음 스터디에서 만나요", true},
		{"에서 다음", "다음 스터디에서 만나요", true},
		{"스디", "다음 스터디에서 만나요", false},
		{"GO", "let's go!", true},
		{"golang channel", "Channels in Golang", true},
		{"golang channel", "Golang only", false},
		{"lang", "Golang", true},
		{"a", "a plan", true},
		{"a", "plan", false},
		{"中文", "学中文吗", true},
		{"ÉTÉ", "cet été", true},
		{"12:30", "at 12:30", true},
		{"?!", "what?!", false},
		{"", "text", false},
		{"the quick brown fox jumps", "The quick brown fox jumps over", true},
		{"the quick brown fox jumps", "The quick brown fox sits", false},
	} {
		q := search.Parse(tt.query)
		if got := q.Matches(tt.text); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.query, tt.text, got, tt.want)
		}
		index := search.Pairs(tt.text)
		for _, p := range q.Pairs {
			if tt.want && !slices.Contains(index, p) {
				t.Errorf("the index of %q lacks a pair of %q", tt.text, tt.query)
			}
		}
		if !slices.IsSorted(index) || len(q.Pairs) > 4 {
			t.Errorf("index %v, %d pairs", index, len(q.Pairs))
		}
	}
}

// Whatever a text says, a query of a part of one of its words finds it.
func FuzzSearch(f *testing.F) {
	f.Add("다음 스터디에서 만나요", 3, 9)
	f.Add("Channels in Golang", 0, 4)
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		runes := []rune(text)
		if from < 0 || to > len(runes) || from >= to {
			return
		}
		q := search.Parse(text)
		index := search.Pairs(text)
		if len(q.Pairs) > 0 && !q.Matches(text) {
			t.Errorf("%q does not match itself", text)
		}
		for _, p := range q.Pairs {
			if _, found := slices.BinarySearch(index, p); !found {
				t.Errorf("the index of %q lacks a pair of its own", text)
			}
		}
		part := search.Parse(string(runes[from:to]))
		if part.Matches(text) {
			for _, p := range part.Pairs {
				if _, found := slices.BinarySearch(index, p); !found {
					t.Errorf("%q matches %q, and the index lacks a pair", string(runes[from:to]), text)
				}
			}
		}
	})
}
