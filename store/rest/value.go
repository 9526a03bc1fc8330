package rest

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
)

// A value is one JSON value that parse has passed, without white space around
// it. Reading it in place costs no reflection, and names match exactly, where
// encoding/json matches them in any case.
type value []byte

func (v value) isObject() bool { return len(v) > 0 && v[0] == '{' }
func (v value) isArray() bool  { return len(v) > 0 && v[0] == '[' }
func (v value) isString() bool { return len(v) > 0 && v[0] == '"' }

// isNull also holds for a field that is not there: both mean nothing was said.
func (v value) isNull() bool { return len(v) == 0 || v[0] == 'n' }

// unquoted returns the text of a string. It is part of v where nothing is
// escaped.
func (v value) unquoted() []byte {
	inner := v[1 : len(v)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	// v is a valid string, so this cannot go wrong.
	_ = json.Unmarshal(v, &s)
	return []byte(s)
}

// text returns a string value.
func (v value) text() (string, bool) {
	if !v.isString() {
		return "", false
	}
	return string(v.unquoted()), true
}

// integer returns a number that is written as one: 1e3 and 1.0 are not.
func (v value) integer() (int64, bool) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil
}

// fields goes over the names (as strings, quoted) and values of an object.
func (v value) fields() iter.Seq2[value, value] {
	return func(yield func(name, val value) bool) {
		if !v.isObject() {
			return
		}
		for i := space(v, 1); v[i] != '}'; i = next(v, i) {
			end := after(v, i)
			name := v[i:end]
			i = space(v, space(v, end)+1)
			end = after(v, i)
			if !yield(name, v[i:end]) {
				return
			}
			i = end
		}
	}
}

// items goes over the values of an array.
func (v value) items() iter.Seq[value] {
	return func(yield func(value) bool) {
		if !v.isArray() {
			return
		}
		for i := space(v, 1); v[i] != ']'; i = next(v, i) {
			end := after(v, i)
			if !yield(v[i:end]) {
				return
			}
			i = end
		}
	}
}

// field returns the value under name, nil if there is none.
func (v value) field(name string) value {
	for n, val := range v.fields() {
		if string(n.unquoted()) == name {
			return val
		}
	}
	return nil
}

// space returns the index of the first byte from i on that is not white space.
func space(v value, i int) int {
	for i < len(v) && (v[i] == ' ' || v[i] == '\t' || v[i] == '\n' || v[i] == '\r') {
		i++
	}
	return i
}

// next goes from the end of one element to the start of the next, or to the
// closing bracket.
func next(v value, i int) int {
	i = space(v, i)
	if v[i] == ',' {
		i = space(v, i+1)
	}
	return i
}

// after returns the index after the value that starts at i.
func after(v value, i int) int {
	switch v[i] {
	case '"':
		return afterString(v, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch v[i] {
			case '"':
				i = afterString(v, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	if n := bytes.IndexAny(v[i:], ",]} \t\r\n"); n >= 0 {
		return i + n
	}
	return len(v)
}

// afterString returns the index after the string that starts at i. A quote ends
// it unless an odd number of backslashes stands before.
func afterString(v value, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(v[i:], '"')
		start := i
		for v[start-1] == '\\' {
			start--
		}
		if (i-start)%2 == 0 {
			return i + 1
		}
	}
}
