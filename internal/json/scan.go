package json

import "errors"

// The errors for input that is not JSON.
var (
	errSyntax  = errors.New("not valid JSON")
	errKey     = errors.New("not valid JSON: a key is missing")
	errColon   = errors.New("not valid JSON: a colon is missing")
	errObject  = errors.New("not valid JSON: an object does not end")
	errArray   = errors.New("not valid JSON: an array does not end")
	errString  = errors.New("not valid JSON: a string does not end")
	errNumber  = errors.New("not a valid number")
	errEscape  = errors.New("not a valid escape")
	errControl = errors.New("control character in a string")
)

// fail notes err, unless the Reader has failed before, and goes to the end.
func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.i = len(r.b)
}

func (r *Reader) peek() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

func (r *Reader) space() {
	for r.i < len(r.b) {
		switch r.b[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

// accept reads c, if c comes next but for white space.
func (r *Reader) accept(c byte) bool {
	r.space()
	if r.i == len(r.b) || r.b[r.i] != c {
		return false
	}
	r.i++
	return true
}

// open reads the bracket of an object or array.
func (r *Reader) open() bool {
	if r.depth++; r.depth > MaxDepth {
		r.fail(ErrDepth)
		return false
	}
	r.i++
	return true
}

// close reads the bracket that ends an object or array, if it comes next.
func (r *Reader) close(bracket byte) bool {
	if !r.accept(bracket) {
		return false
	}
	r.depth--
	return true
}

func (r *Reader) literal(word string) bool {
	if r.i+len(word) > len(r.b) || string(r.b[r.i:r.i+len(word)]) != word {
		return false
	}
	r.i += len(word)
	return true
}

func (r *Reader) number() {
	if r.peek() == '-' {
		r.i++
	}
	if r.peek() == '0' {
		r.i++
	} else if !r.digits() {
		r.fail(errNumber)
	}
	if r.peek() == '.' {
		r.i++
		if !r.digits() {
			r.fail(errNumber)
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.i++
		if c := r.peek(); c == '+' || c == '-' {
			r.i++
		}
		if !r.digits() {
			r.fail(errNumber)
		}
	}
}

func (r *Reader) digits() bool {
	start := r.i
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		r.i++
	}
	return r.i > start
}

// keys finds duplicates among the keys of one object. An object has few keys as a
// rule. Many go into a map: comparing each with all others would let a hostile
// object take quadratic time.
type keys struct {
	few  [12][]byte // a message of the internal API has 9
	n    int
	many map[string]struct{}
}

// add notes a key, or reports false if it is there already.
func (k *keys) add(key []byte) bool {
	for _, have := range k.few[:k.n] {
		if string(have) == string(key) {
			return false
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	if _, duplicate := k.many[string(key)]; duplicate {
		return false
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[string(key)] = struct{}{}
	return true
}
