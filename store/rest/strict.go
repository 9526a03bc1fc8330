package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may be nested. The contract needs 3.
const maxDepth = 16

// parse checks that body is exactly one JSON object and returns it. It refuses
// what encoding/json lets through or repairs in silence: invalid UTF-8,
// duplicate names, lone surrogates, and nesting over maxDepth. The error may be
// shown.
func parse(body []byte) (value, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the body is not valid UTF-8")
	}
	if !json.Valid(body) {
		return nil, errors.New("the body is not one JSON value")
	}
	v := value(body[space(body, 0):])
	v = v[:after(v, 0)]
	if !v.isObject() {
		return nil, errors.New("the body is not a JSON object")
	}
	if err := check(v, 1); err != nil {
		return nil, err
	}
	return v, nil
}

// check walks v, which is valid JSON.
func check(v value, depth int) error {
	if depth > maxDepth && (v.isObject() || v.isArray()) {
		return fmt.Errorf("the body is nested deeper than %d", maxDepth)
	}
	switch v[0] {
	case '"':
		if loneSurrogate(v) {
			return errors.New("a string holds half of a surrogate pair")
		}
	case '[':
		for item := range v.items() {
			if err := check(item, depth+1); err != nil {
				return err
			}
		}
	case '{':
		var few [12][]byte // a message has 9; more than fit are allocated
		names := few[:0]
		for name, val := range v.fields() {
			if err := check(name, depth); err != nil {
				return err
			}
			if err := check(val, depth+1); err != nil {
				return err
			}
			names = append(names, name.unquoted())
		}
		return unique(names)
	}
	return nil
}

// unique sorts, since a body may hold a hundred thousand names.
func unique(names [][]byte) error {
	slices.SortFunc(names, bytes.Compare)
	for i := 1; i < len(names); i++ {
		if bytes.Equal(names[i-1], names[i]) {
			return errors.New("an object holds the same name twice")
		}
	}
	return nil
}

// loneSurrogate reports whether an escape in the string v is half of a pair.
func loneSurrogate(v value) bool {
	for {
		i := bytes.IndexByte(v, '\\')
		switch {
		case i < 0:
			return false
		case v[i+1] != 'u':
			v = v[i+2:]
			continue
		}
		r := hex4(v[i+2:])
		v = v[i+6:]
		if !utf16.IsSurrogate(r) {
			continue
		}
		// v has at least the closing quote left.
		if v[0] != '\\' || v[1] != 'u' || utf16.DecodeRune(r, hex4(v[2:])) == utf8.RuneError {
			return true
		}
		v = v[6:]
	}
}

func hex4(v value) rune {
	n, _ := strconv.ParseUint(string(v[:4]), 16, 16)
	return rune(n)
}
