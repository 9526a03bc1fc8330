package jwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"unicode/utf8"
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
	members, err := parseObject(b)
	if err != nil {
		return header{}, fmt.Errorf("header: %w", err)
	}
	for _, name := range []string{"crit", "b64", "zip"} {
		if _, ok := members[name]; ok {
			return header{}, because(unsupported, "header: %s is not supported", name)
		}
	}
	var h header
	if h.Algorithm, err = stringOf(members, "alg"); err != nil {
		return header{}, err
	}
	if _, ok := members["kid"]; ok {
		id, err := stringOf(members, "kid")
		if err != nil {
			return header{}, err
		}
		h.KeyID = &id
	}
	return h, nil
}

// parseObject reads one JSON object, without the names whose value is null: those count as
// absent. Unlike encoding/json alone, it refuses a duplicate name, because readers differ in
// which of the two values they use. Names match exactly, and it refuses bytes that are not
// UTF-8.
func parseObject(b []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	members := make(map[string]json.RawMessage)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errors.New("not a JSON object")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errors.New("not a JSON object")
		}
		if _, twice := members[name.(string)]; twice {
			return nil, errors.New("a name occurs twice")
		}
		members[name.(string)] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	maps.DeleteFunc(members, func(_ string, value json.RawMessage) bool { return value[0] == 'n' })
	return members, nil
}

// stringOf returns the value of a name as a string, or "" if there is none.
func stringOf(members map[string]json.RawMessage, name string) (string, error) {
	raw, ok := members[name]
	if !ok {
		return "", nil
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("%s is not a string", name)
	}
	// encoding/json turns half a surrogate pair into this.
	if strings.ContainsRune(s, utf8.RuneError) && !bytes.ContainsRune(raw, utf8.RuneError) {
		return "", fmt.Errorf("%s is not Unicode", name)
	}
	return s, nil
}
