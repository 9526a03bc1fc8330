package json

import (
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string whose opening quote comes next.
func (r *Reader) text() []byte {
	r.i++
	start := r.i
	for r.i < len(r.b) {
		switch c := r.b[r.i]; {
		case c == '"':
			raw := r.b[start:r.i:r.i]
			r.i++
			return r.valid(raw)
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			r.fail(errControl)
			return nil
		}
		r.i++
	}
	r.fail(errString)
	return nil
}

func (r *Reader) valid(text []byte) []byte {
	if !utf8.Valid(text) {
		r.fail(ErrUTF8)
		return nil
	}
	return text
}

// escaped reads the rest of a string that began at start and has an escape in it.
func (r *Reader) escaped(start int) []byte {
	out := append(make([]byte, 0, r.i-start+32), r.b[start:r.i]...)
	for r.i < len(r.b) {
		c := r.b[r.i]
		r.i++
		switch {
		case c == '"':
			return r.valid(out)
		case c < ' ':
			r.fail(errControl)
			return nil
		case c != '\\':
			out = append(out, c)
			continue
		}
		switch e := r.peek(); e {
		case '"', '\\', '/':
			out = append(out, e)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			c, ok := r.unicode()
			if !ok {
				return nil
			}
			out = utf8.AppendRune(out, c)
			continue
		default:
			r.fail(errEscape)
			return nil
		}
		r.i++
	}
	r.fail(errString)
	return nil
}

// unicode reads uXXXX, or a surrogate pair of them, which makes one character.
func (r *Reader) unicode() (rune, bool) {
	c, ok := r.hex4()
	if ok && utf16.IsSurrogate(c) {
		low := rune(0)
		if r.i+1 < len(r.b) && r.b[r.i] == '\\' && r.b[r.i+1] == 'u' {
			r.i++
			low, ok = r.hex4()
		}
		if c = utf16.DecodeRune(c, low); ok && c == utf8.RuneError {
			r.Flag(ErrSurrogate)
		}
	}
	if ok && c == 0 && !r.AllowNUL {
		r.Flag(ErrNUL)
	}
	return c, ok
}

// hex4 reads uXXXX.
func (r *Reader) hex4() (c rune, ok bool) {
	if r.i+5 > len(r.b) || r.b[r.i] != 'u' {
		r.fail(errEscape)
		return 0, false
	}
	for _, digit := range r.b[r.i+1 : r.i+5] {
		switch {
		case digit >= '0' && digit <= '9':
			digit -= '0'
		case digit >= 'a' && digit <= 'f':
			digit -= 'a' - 10
		case digit >= 'A' && digit <= 'F':
			digit -= 'A' - 10
		default:
			r.fail(errEscape)
			return 0, false
		}
		c = c<<4 | rune(digit)
	}
	r.i += 5
	return c, true
}
