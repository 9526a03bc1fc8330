// Package text holds the rules for texts that users see.
package text

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Trim removes white space at both ends, as String.prototype.trim does in browsers (ECMA-262
// section 22.1.3.32): that includes U+FEFF, and not U+0085 as in package strings.
func Trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r == '\ufeff' || r != '\u0085' && unicode.IsSpace(r) })
}

// Len returns the length of s in UTF-16 units, as JavaScript counts.
func Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// Control reports whether r is a control character (Cc), or one that is invisible: two texts
// that differ in it only look alike, or it changes how the text around it looks. These are the
// default ignorable characters of Unicode (Standard Annex 44), the format characters (Cf) and
// the separators of lines and paragraphs.
func Control(r rune) bool {
	switch {
	case r < 0x80:
		return r < ' ' || r == 0x7f
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r): // of category Cf, but visible
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// ValidName reports whether s may be the name of a user: UTF-8 without the characters of
// Control, except those that join emoji.
func ValidName(s string) bool {
	return utf8.ValidString(s) && name(s) == s
}

// CleanName makes a name that ValidName takes: it drops what is refused, trims the rest, and cuts
// it to max UTF-16 units.
func CleanName(s string, max int) string {
	s = Trim(name(strings.ToValidUTF8(s, "")))
	n := 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > max {
			return Trim(name(s[:i]))
		}
	}
	return s
}

// name returns s without what a name must not hold.
func name(s string) string {
	if strings.IndexFunc(s, Control) < 0 {
		return s
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		if !Control(r) || joinsEmoji(runes, i) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// The characters that emoji are composed with (Unicode Technical Standard 51).
const (
	joiner       = '\u200d'
	emojiVariant = '\ufe0f'
)

// joinsEmoji reports whether the character at i belongs to an emoji: the selector after a symbol,
// or the joiner between two.
func joinsEmoji(runes []rune, i int) bool {
	if i == 0 {
		return false
	}
	before := runes[i-1]
	switch runes[i] {
	case emojiVariant:
		return symbol(before)
	case joiner:
		return (symbol(before) || before == emojiVariant && i > 1 && symbol(runes[i-2])) && i+1 < len(runes) && symbol(runes[i+1])
	}
	return false
}

// symbol reports whether r is a symbol as emoji are, or a tone of skin.
func symbol(r rune) bool { return unicode.Is(unicode.So, r) || r >= 0x1f3fb && r <= 0x1f3ff }
