package codec

import (
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON (RFC 8259) strictly, which encoding/json does not: that
// takes the last of duplicate keys, matches names in any case, and turns lone
// surrogates into U+FFFD.
type scanner struct {
	b []byte
	i int
	// err says that this is not JSON. The scanner then stands still at the end.
	err error
	// wrong is the first thing that makes good JSON unacceptable. The scan goes
	// on, since the id of the request may follow.
	wrong error
}

func (s *scanner) flag(reason string) {
	if s.wrong == nil {
		s.wrong = errors.New(reason)
	}
}

func (s *scanner) fail(reason string) {
	if s.err == nil {
		s.err = errors.New(reason)
	}
	s.i = len(s.b)
}

func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// accept takes c if it comes next, white space aside.
func (s *scanner) accept(c byte) bool {
	s.space()
	if s.peek() != c || s.i == len(s.b) {
		return false
	}
	s.i++
	return true
}

// object reads an object at the given depth and calls value at each value, which
// must read it.
func (s *scanner) object(depth int, value func(key string)) {
	if depth > maxDepth {
		s.fail("JSON is nested too deeply")
		return
	}
	s.i++ // the brace, seen by the caller
	if s.accept('}') {
		return
	}
	var seen keys
	for s.err == nil {
		s.space()
		if s.peek() != '"' {
			s.fail("not valid JSON: a key is missing")
			return
		}
		key := s.string()
		if s.err == nil && !seen.add(key) {
			s.flag("duplicate key in an object")
		}
		if !s.accept(':') {
			s.fail("not valid JSON: a colon is missing")
			return
		}
		s.space()
		value(key)
		if s.accept(',') {
			continue
		}
		if !s.accept('}') {
			s.fail("not valid JSON: an object does not end")
		}
		return
	}
}

// keys finds duplicates. Few keys are the rule; many go into a map, so that a
// hostile object costs no quadratic time.
type keys struct {
	few  [8]string
	n    int
	many map[string]struct{}
}

func (k *keys) add(key string) bool {
	for _, have := range k.few[:min(k.n, len(k.few))] {
		if have == key {
			return false
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	if _, dup := k.many[key]; dup {
		return false
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[key] = struct{}{}
	return true
}

// skip reads any value.
func (s *scanner) skip(depth int) {
	if s.err != nil {
		return
	}
	if depth > maxDepth {
		s.fail("JSON is nested too deeply")
		return
	}
	s.space()
	switch c := s.peek(); {
	case c == '{':
		s.object(depth, func(string) { s.skip(depth + 1) })
	case c == '[':
		s.array(depth)
	case c == '"':
		s.string()
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	case s.literal("true"), s.literal("false"), s.literal("null"):
	default:
		s.fail("not valid JSON")
	}
}

func (s *scanner) literal(word string) bool {
	if s.i+len(word) > len(s.b) || string(s.b[s.i:s.i+len(word)]) != word {
		return false
	}
	s.i += len(word)
	return true
}

func (s *scanner) array(depth int) {
	s.i++
	if s.accept(']') {
		return
	}
	for s.err == nil {
		s.skip(depth + 1)
		if s.accept(',') {
			continue
		}
		if !s.accept(']') {
			s.fail("not valid JSON: an array does not end")
		}
		return
	}
}

func (s *scanner) number() {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		s.fail("not a valid number")
	}
	if s.peek() == '.' {
		s.i++
		if !s.digits() {
			s.fail("not a valid number")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		if !s.digits() {
			s.fail("not a valid number")
		}
	}
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}

// string reads a string; the opening quote comes next.
func (s *scanner) string() string {
	s.i++
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			raw := s.b[start:s.i]
			s.i++
			if !utf8.Valid(raw) {
				s.fail("text is not valid UTF-8")
				return ""
			}
			return string(raw)
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			s.fail("control character in a string")
			return ""
		}
		s.i++
	}
	s.fail("not valid JSON: a string does not end")
	return ""
}

// escaped reads the rest of a string that has an escape in it.
func (s *scanner) escaped(start int) string {
	out := append(make([]byte, 0, s.i-start+32), s.b[start:s.i]...)
	for s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				s.fail("text is not valid UTF-8")
				return ""
			}
			return string(out)
		case c < ' ':
			s.fail("control character in a string")
			return ""
		case c != '\\':
			out = append(out, c)
			continue
		}
		switch e := s.peek(); e {
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
			r, ok := s.unicode()
			if !ok {
				return ""
			}
			out = utf8.AppendRune(out, r)
			continue
		default:
			s.fail("not a valid escape")
			return ""
		}
		s.i++
	}
	s.fail("not valid JSON: a string does not end")
	return ""
}

// unicode reads uXXXX, or a pair of them that makes one character.
func (s *scanner) unicode() (rune, bool) {
	r, ok := s.hex4()
	if ok && utf16.IsSurrogate(r) {
		low := rune(0)
		if s.i+1 < len(s.b) && s.b[s.i] == '\\' && s.b[s.i+1] == 'u' {
			s.i++
			low, ok = s.hex4()
		}
		if r = utf16.DecodeRune(r, low); ok && r == utf8.RuneError {
			s.flag("half a surrogate pair in a string")
		}
	}
	if ok && r == 0 {
		s.flag("NUL in a string")
	}
	return r, ok
}

func (s *scanner) hex4() (r rune, ok bool) {
	if s.i+5 > len(s.b) || s.b[s.i] != 'u' {
		s.fail("not a valid escape")
		return 0, false
	}
	for _, c := range s.b[s.i+1 : s.i+5] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			s.fail("not a valid escape")
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.i += 5
	return r, true
}
