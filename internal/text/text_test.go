package text_test

import (
	"testing"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/text"
)

// The white space of ECMA-262, and neighbours of it.
func TestTrimIsThatOfBrowsers(t *testing.T) {
	for _, r := range "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2005\u200a\u2028\u2029\u202f\u205f\u3000\ufeff" {
		if got := text.Trim(string(r) + "a" + string(r) + "b" + string(r)); got != "a"+string(r)+"b" {
			t.Errorf("%U: %+q", r, got)
		}
		if got := text.Trim(string(r) + string(r)); got != "" {
			t.Errorf("%U alone is %+q", r, got)
		}
	}
	for _, r := range "\x00\x1f\u0085\u180e\u200b\u200d\u2060" {
		if got := text.Trim(string(r)); got != string(r) {
			t.Errorf("%U is trimmed", r)
		}
	}
}

func TestNamesThatLookAlikeAreNotTwo(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"Mina", "Mina"}, {"김민아", "김민아"}, {"Zoë O'Brien-Núñez", "Zoë O'Brien-Núñez"}, {"e\u0301", "e\u0301"}, {"", ""},
		{"👩\u200d💻", "👩\u200d💻"}, {"👩🏽\u200d🚒", "👩🏽\u200d🚒"}, {"🏳\ufe0f\u200d🌈", "🏳\ufe0f\u200d🌈"}, {"❤\ufe0f", "❤\ufe0f"}, {"🇰🇷", "🇰🇷"}, {"\u06dd1", "\u06dd1"},
		{"Mi\u200bna", "Mina"}, {"Mi\u200cna", "Mina"}, {"Mi\u200dna", "Mina"}, {"Mina\u2060", "Mina"}, {"\ufeffMina", "Mina"}, {"Mi\u00adna", "Mina"},
		{"Mi\nna", "Mina"}, {"Mi\r\nna", "Mina"}, {"Mi\u2028na\u2029", "Mina"}, {"Mi\x1b[31mna", "Mi[31mna"}, {"Mi\x00na", "Mina"}, {"Mi\u0085na\u009b", "Mina"},
		{"\u202eaniM\u202c", "aniM"}, {"Mi\u2066na\u2069", "Mina"}, {"Mina\u061c", "Mina"}, {"Mina\ufe0f", "Mina"}, {"Mi\u034fna", "Mina"}, {"Mina\u3164", "Mina"},
		{"Mina\U000e0041", "Mina"}, {"Mina\u180e", "Mina"}, {"👩\u200dMina", "👩Mina"}, {"👩\u200d", "👩"}, {"\u200d💻", "💻"}, {"\ufe0f", ""},
	} {
		if got := text.CleanName(tt.name, 200); got != tt.want {
			t.Errorf("CleanName(%+q) = %+q, want %+q", tt.name, got, tt.want)
		}
		if got, want := text.ValidName(tt.name), tt.name == tt.want; got != want {
			t.Errorf("ValidName(%+q) = %v", tt.name, got)
		}
	}
}

func TestANameIsCutAtACharacter(t *testing.T) {
	for _, tt := range []struct {
		name string
		max  int
		want string
	}{
		{"  Mina  ", 10, "Mina"}, {"Mina", 4, "Mina"}, {"Mina", 3, "Min"}, {"😀😀", 3, "😀"}, {"Mi na", 3, "Mi"}, {"👩\u200d💻", 3, "👩"}, {"a\xffb", 5, "ab"},
	} {
		if got := text.CleanName(tt.name, tt.max); got != tt.want {
			t.Errorf("CleanName(%+q, %d) = %+q, want %+q", tt.name, tt.max, got, tt.want)
		}
	}
}

// A cleaned name is valid, short enough, and stays as it is.
func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"Mina", "👩\u200d💻", "🏳\ufe0f\u200d🌈", "\u202eMi\u200bna\n", "a\xff\u3164"} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		got := text.CleanName(s, max)
		if !utf8.ValidString(got) || !text.ValidName(got) || got != "" && text.Len(got) > max || text.CleanName(got, max) != got {
			t.Errorf("CleanName(%+q, %d) = %+q", s, max, got)
		}
	})
}
