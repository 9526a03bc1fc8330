// Package json reads JSON (RFC 8259) strictly and writes it. It serves the frames
// of clients as well as the internal API.
//
// encoding/json takes the last of duplicate keys, matches names in any case and
// turns lone surrogates into U+FFFD. The Reader of this package refuses the first
// and the last, and its keys match exactly.
package json

import "errors"

// MaxDepth is how many objects and arrays may stand inside one another.
const MaxDepth = 20

// Errors of a Reader. Their texts name no input and may be shown to a client. Any
// other error of a Reader says in its own words why the input is not JSON.
var (
	ErrDepth     = errors.New("JSON is nested too deeply")
	ErrUTF8      = errors.New("text is not valid UTF-8")
	ErrTrailing  = errors.New("there is something after the object")
	ErrDuplicate = errors.New("duplicate key in an object")
	ErrSurrogate = errors.New("half a surrogate pair in a string")
	ErrNUL       = errors.New("NUL in a string")
)

// A Reader reads one JSON text from front to back, without reflection. Each of
// its methods that reads a value reads exactly the next one, whatever that is.
//
// A Reader knows two kinds of errors. Input that is not JSON, is not UTF-8 or is
// nested too deeply makes it fail: it stands at the end of its input, and what it
// returns from then on is empty. Duplicate keys, lone surrogates and NUL in strings
// are flagged: the Reader goes on, because a later field may be needed to report
// the error.
type Reader struct {
	// AllowNUL accepts NUL in strings.
	AllowNUL bool

	b     []byte
	i     int
	depth int   // how many objects and arrays are open
	err   error // why this is not JSON
	wrong error // the first flag
}

// NewReader returns a Reader of b, which must not change while it reads.
func NewReader(b []byte) Reader { return Reader{b: b} }

// Failed reports whether the Reader met something that is not JSON.
func (r *Reader) Failed() bool { return r.err != nil }

// Err returns why the input is not JSON, else the first flag, else nil.
func (r *Reader) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.wrong
}

// Flag notes err for Err, unless another error was flagged before.
func (r *Reader) Flag(err error) {
	if r.wrong == nil {
		r.wrong = err
	}
}

// End fails if anything but white space is left.
func (r *Reader) End() {
	if r.space(); r.err == nil && r.i != len(r.b) {
		r.fail(ErrTrailing)
	}
}

// Next returns the first byte of the next value, and 0 at the end of the input.
// It reads nothing.
func (r *Reader) Next() byte {
	r.space()
	return r.peek()
}

// Object reads an object. It calls value after each key, and value must read the
// value of that key, or flag and Skip it. key is valid until value returns. If the
// next value is no object, it is skipped and Object reports false.
func (r *Reader) Object(value func(key []byte)) bool {
	if r.Next() != '{' {
		r.Skip()
		return false
	}
	if !r.open() || r.close('}') {
		return true
	}
	var seen keys
	for r.err == nil {
		r.space()
		if r.peek() != '"' {
			r.fail(errKey)
			break
		}
		key := r.text()
		if r.err == nil && !seen.add(key) {
			r.Flag(ErrDuplicate)
		}
		if !r.accept(':') {
			r.fail(errColon)
			break
		}
		r.space()
		value(key)
		if r.accept(',') {
			continue
		}
		if !r.close('}') {
			r.fail(errObject)
		}
		break
	}
	return true
}

// Array reads an array and calls item for each of its values; item must read it.
// If the next value is no array, it is skipped and Array reports false.
func (r *Reader) Array(item func()) bool {
	if r.Next() != '[' {
		r.Skip()
		return false
	}
	if !r.open() || r.close(']') {
		return true
	}
	for r.err == nil {
		item()
		if r.accept(',') {
			continue
		}
		if !r.close(']') {
			r.fail(errArray)
		}
		break
	}
	return true
}

// String reads a string. If the next value is no string, it is skipped and ok is
// false.
func (r *Reader) String() (s string, ok bool) {
	b, ok := r.Text()
	return string(b), ok
}

// Text is String without a copy: the text is part of the input unless something is
// escaped in it.
func (r *Reader) Text() (text []byte, ok bool) {
	if r.Next() != '"' {
		r.Skip()
		return nil, false
	}
	text = r.text()
	return text, r.err == nil
}

// Null reads null. It reads nothing and reports false if the next value is another.
func (r *Reader) Null() bool {
	r.space()
	return r.literal("null")
}

// Raw reads any value and returns it as it is written. It returns nothing once the
// Reader has failed.
func (r *Reader) Raw() []byte {
	r.space()
	start := r.i
	r.Skip()
	if r.err != nil {
		return nil
	}
	return r.b[start:r.i]
}

// Skip reads any value.
func (r *Reader) Skip() {
	if r.err != nil {
		return
	}
	switch c := r.Next(); {
	case c == '{':
		r.Object(func([]byte) { r.Skip() })
	case c == '[':
		r.Array(r.Skip)
	case c == '"':
		r.text()
	case c == '-' || c >= '0' && c <= '9':
		r.number()
	case r.literal("true"), r.literal("false"), r.literal("null"):
	default:
		r.fail(errSyntax)
	}
}
