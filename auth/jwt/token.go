package jwt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/json"
)

// parts are the parts of a token in the compact form. Nothing of them is checked yet.
type parts struct {
	header    header
	signed    string // the header and claims that were signed
	claims    []byte
	signature []byte
}

// A header has the fields of the JOSE header that are used. Keys and links to keys in it
// (jwk, jku, x5u, x5c) are ignored.
type header struct {
	Algorithm string
	KeyID     *string
}

// encoding is strict, so that a token cannot be written in two ways.
var encoding = base64.RawURLEncoding.Strict()

func split(token string) (parts, error) {
	if len(token) > maxToken {
		return parts{}, because(tooLarge, "it has %d bytes, more than %d", len(token), maxToken)
	}
	fields := strings.Split(token, ".")
	switch len(fields) {
	case 3:
	case 5:
		return parts{}, because(encrypted, "it is encrypted, and only signed tokens can be checked")
	default:
		return parts{}, because(malformed, "a JSON Web Token has 3 parts with dots between them, and it has %d", len(fields))
	}
	// The decoder skips line ends.
	if strings.ContainsAny(token, "\r\n") {
		return parts{}, errors.New("it is not base64url")
	}
	var decoded [3][]byte
	for i, field := range fields {
		b, err := encoding.DecodeString(field)
		if err != nil {
			return parts{}, errors.New("it is not base64url")
		}
		decoded[i] = b
	}
	h, err := parseHeader(decoded[0])
	if err != nil {
		return parts{}, err
	}
	return parts{h, fields[0] + "." + fields[1], decoded[1], decoded[2]}, nil
}

func parseHeader(b []byte) (header, error) {
	fields, err := parseObject(b)
	if err != nil {
		return header{}, fmt.Errorf("header: %w", err)
	}
	for _, name := range []string{"crit", "b64", "zip"} {
		if _, ok := fields[name]; ok {
			return header{}, because(unsupported, "header: %s is not supported", name)
		}
	}
	var h header
	if h.Algorithm, err = fields.stringOf("alg"); err != nil {
		return header{}, err
	}
	if _, ok := fields["kid"]; ok {
		id, err := fields.stringOf("kid")
		if err != nil {
			return header{}, err
		}
		h.KeyID = &id
	}
	return h, nil
}

// members are the names of a JSON object with their values as they are written.
type members map[string][]byte

// parseObject reads one JSON object, without the names whose value is null: those count as
// absent. Unlike encoding/json alone, it refuses a duplicate name, because readers differ in
// which of the two values they use. Names match exactly, and it refuses bytes that are not
// UTF-8. What is inside of claims that nobody uses only has to be JSON.
func parseObject(b []byte) (members, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("not UTF-8")
	}
	r := json.NewReader(b)
	found := make(members, 8)
	twice := false
	isObject := r.Object(func(name []byte) {
		_, again := found[string(name)]
		twice = twice || again
		found[string(name)] = r.Raw()
	})
	if r.Failed() || !isObject {
		return nil, errors.New("not a JSON object")
	}
	if r.End(); r.Failed() {
		return nil, errors.New("something follows the JSON object")
	}
	if twice {
		return nil, errors.New("a name occurs twice")
	}
	maps.DeleteFunc(found, func(_ string, value []byte) bool { return value[0] == 'n' })
	return found, nil
}

// stringOf returns the value of a name as a string, or "" if there is none.
func (m members) stringOf(name string) (string, error) {
	raw, ok := m[name]
	if !ok {
		return "", nil
	}
	return stringIn(raw, name)
}

// stringIn reads a value that must be a string. name is for the error.
func stringIn(raw []byte, name string) (string, error) {
	r := json.NewReader(raw)
	r.AllowNUL = true
	s, ok := r.String()
	switch {
	case !ok:
		return "", fmt.Errorf("%s is not a string", name)
	case r.Err() != nil: // half a surrogate pair
		return "", fmt.Errorf("%s is not Unicode", name)
	}
	return s, nil
}
