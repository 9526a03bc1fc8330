// Package search finds texts that contain words. An index holds the pairs of characters that follow
// each other in the words of a text: so parts of words are found, and Hangul and Chinese, where words
// are short and have endings.
package search

import (
	"slices"
	"strings"
	"unicode"
)

// maxPairs is how many pairs of a query are looked up. The texts that have them are compared with
// the whole query.
const maxPairs = 4

// words returns the words of a text in small letters: what is between spaces and punctuation.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

// pairs returns the pairs of a word as numbers. A word of one character has that character.
func pairs(word string) (all []int64) {
	runes := []rune(word)
	if len(runes) == 1 {
		return []int64{int64(runes[0])}
	}
	for i := range len(runes) - 1 {
		all = append(all, int64(runes[i])<<21|int64(runes[i+1]))
	}
	return all
}

// Pairs returns what an index holds of a text, each once.
func Pairs(text string) (all []int64) {
	for _, w := range words(text) {
		all = append(all, pairs(w)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A Query is what somebody looks for.
type Query struct {
	words []string
	// Pairs are some that each text has that matches, longest words first. It is empty if the query
	// has no words: then nothing matches.
	Pairs []int64
}

// Parse reads a query: words of which all must be in a text.
func Parse(text string) Query {
	q := Query{words: words(text)}
	slices.SortStableFunc(q.words, func(a, b string) int { return len(b) - len(a) })
	for _, w := range q.words {
		for _, p := range pairs(w) {
			if len(q.Pairs) < maxPairs && !slices.Contains(q.Pairs, p) {
				q.Pairs = append(q.Pairs, p)
			}
		}
	}
	return q
}

// Matches reports whether a text has all words of the query, as parts of its own. A word of one
// character must be a word there.
func (q *Query) Matches(text string) bool {
	have := words(text)
	for _, w := range q.words {
		one := len([]rune(w)) == 1
		if !slices.ContainsFunc(have, func(h string) bool { return h == w || !one && strings.Contains(h, w) }) {
			return false
		}
	}
	return len(q.words) > 0
}
