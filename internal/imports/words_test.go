package imports

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Words that this repository once used as metaphors, and what it says instead:
//
//	house, floor, roof, stair, door, cellar   package, layer, server, deployment
//	herd                                      many clients at once
//	deaf                                      unreachable, failing
//	gossip, choir, town, court                what hubs relay, pairs, cluster, index
//
// A reader who does not know the metaphor cannot guess what they mean.
var metaphors = regexp.MustCompile(`(?i)\b(house|floor|roof|stair|door|cellar|herd|deaf|gossip|choir|town|court)(s|ed|ing)?\b`)

// literal are lines in which such a word has its usual meaning.
var literal = []string{
	"Math.floor",
	"thundering herd",
}

func TestWordsAreNoMetaphors(t *testing.T) {
	walk(t, func(name string, text []byte) {
		if strings.HasSuffix(name, "internal/imports/words_test.go") {
			return
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			word := metaphors.FindString(line)
			if word == "" || slices.ContainsFunc(literal, func(l string) bool { return strings.Contains(line, l) }) {
				continue
			}
			t.Errorf("%s:%d: %q in %q: say what it is, without a metaphor", name, number, word, strings.TrimSpace(line))
		}
	})
}
