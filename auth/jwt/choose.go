package jwt

import (
	"slices"
	"strings"

	jwt "github.com/golang-jwt/jwt/v5"
)

// checkSignature tries the keys that may have signed a token.
func (v *Verifier) checkSignature(p parts) error {
	keys, err := v.choose(p.header)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if jwt.GetSigningMethod(k.Algorithm).Verify(p.signed, p.signature, k.Key) == nil {
			return nil
		}
	}
	if len(keys) == 1 {
		return because(signature, "the key has not made its signature")
	}
	return because(signature, "none of the %d keys has made its signature", len(keys))
}

// choose returns the keys for a header, at least one. The token says which key it may be, but
// never what algorithm a key is for.
func (v *Verifier) choose(h header) ([]Key, error) {
	keys := v.keys
	if h.KeyID != nil {
		if keys = v.withID(*h.KeyID); len(keys) == 0 {
			keys = v.withID("")
		}
		if len(keys) == 0 {
			return nil, because(unknownKey, "no key has the id %s", quoted(*h.KeyID))
		}
	}
	fit := slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.Algorithm != h.Algorithm })
	switch {
	case len(fit) > 0:
		return fit, nil
	case len(keys) == 1:
		return nil, because(algorithm, "alg is %s, the key is for %s", given(h.Algorithm), keys[0].Algorithm)
	}
	var algorithms []string
	for _, k := range keys {
		if !slices.Contains(algorithms, k.Algorithm) {
			algorithms = append(algorithms, k.Algorithm)
		}
	}
	return nil, because(algorithm, "alg is %s, the keys are for %s", given(h.Algorithm), strings.Join(algorithms, ", "))
}

// withID returns the keys with an ID. Only "" can be that of several.
func (v *Verifier) withID(id string) []Key {
	return slices.DeleteFunc(slices.Clone(v.keys), func(k Key) bool { return k.ID != id })
}
