package rest

import (
	"fmt"
	"iter"
	"strconv"

	"github.com/coupchat/coup/internal/json"
)

// A value is one JSON value, without white space around it. It is a part of a body that
// parse has accepted. Reading it in place needs no reflection and little memory.
type value []byte

// parse returns the JSON object that body consists of. The text of the error may be sent
// to the caller.
func parse(body []byte) (value, error) {
	r := reader(body)
	v := value(r.Raw())
	r.End()
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("the body: %w", err)
	}
	if !v.isObject() {
		return nil, fmt.Errorf("the body is not a JSON object")
	}
	return v, nil
}

// reader returns a reader of v. It accepts NUL in strings: Message.Clean and ValidID
// refuse it with a better text.
func reader(v []byte) json.Reader {
	r := json.NewReader(v)
	r.AllowNUL = true
	return r
}

func (v value) isObject() bool { return len(v) > 0 && v[0] == '{' }
func (v value) isArray() bool  { return len(v) > 0 && v[0] == '[' }
func (v value) isString() bool { return len(v) > 0 && v[0] == '"' }

// isNull also reports true for a field that is missing: both mean the same here.
func (v value) isNull() bool { return len(v) == 0 || v[0] == 'n' }

// unquoted returns the text of a string, which is a part of v if nothing is escaped.
func (v value) unquoted() []byte {
	r := reader(v)
	text, _ := r.Text()
	return text
}

// text returns the text of a string, and reports false for another value.
func (v value) text() (string, bool) {
	if !v.isString() {
		return "", false
	}
	return string(v.unquoted()), true
}

// boolean returns a bool, and reports false for another value.
func (v value) boolean() (b, ok bool) {
	return string(v) == "true", string(v) == "true" || string(v) == "false"
}

// integer returns a whole number, and reports false for another value. 1e3 and 1.0 are
// not accepted.
func (v value) integer() (int64, bool) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil
}

// fields iterates over the names and values of an object. Another value has none. A name
// is valid during its step of the iteration.
func (v value) fields() iter.Seq2[[]byte, value] {
	return func(yield func(name []byte, val value) bool) {
		if !v.isObject() {
			return
		}
		r, more := reader(v), true
		r.Object(func(key []byte) {
			val := r.Raw()
			more = more && yield(key, val)
		})
	}
}

// items iterates over the values of an array. Another value has none.
func (v value) items() iter.Seq[value] {
	return func(yield func(value) bool) {
		if !v.isArray() {
			return
		}
		r, more := reader(v), true
		r.Array(func() {
			item := r.Raw()
			more = more && yield(item)
		})
	}
}

// field returns the value under name, nil if there is none.
func (v value) field(name string) value {
	for n, val := range v.fields() {
		if string(n) == name {
			return val
		}
	}
	return nil
}
