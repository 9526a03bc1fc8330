package ws

import "unicode/utf8"

// A utf8Check checks a text that comes in pieces. The zero value is for an empty text.
type utf8Check struct {
	begun [utf8.UTFMax - 1]byte // the beginning of a character
	n     int                   // its bytes
}

// add checks the next piece. It reports false as soon as no text can begin like this.
func (c *utf8Check) add(p []byte) bool {
	for c.n > 0 && len(p) > 0 {
		char := append(c.begun[:c.n:c.n], p[0])
		if !utf8.FullRune(char) {
			c.begun[c.n] = p[0]
			c.n++
			p = p[1:]
			continue
		}
		if r, size := utf8.DecodeRune(char); r == utf8.RuneError && size == 1 {
			return false
		}
		c.n, p = 0, p[1:]
	}
	last := len(p)
	for i := 1; i <= min(len(p), len(c.begun)); i++ {
		if utf8.RuneStart(p[len(p)-i]) {
			if !utf8.FullRune(p[len(p)-i:]) {
				last -= i
			}
			break
		}
	}
	if !utf8.Valid(p[:last]) {
		return false
	}
	c.n += copy(c.begun[c.n:], p[last:])
	return true
}

// whole reports whether the text may end here: within no character.
func (c *utf8Check) whole() bool { return c.n == 0 }
