package jwt

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Smallest keys that are accepted.
const (
	minSecret = 32   // bytes, of an HS key
	minRSA    = 2048 // bits
)

// A Key checks signatures of one algorithm.
type Key struct {
	// ID is the kid of the tokens that use the key. If empty, the key is tried for every
	// token whose kid is not the ID of another key: a single key without an ID takes any
	// kid.
	ID string
	// Algorithm is the alg of the tokens: HS256, HS384, HS512, RS256,
	// RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA.
	Algorithm string
	// Key is a []byte of at least 32 bytes for HS, an *rsa.PublicKey of at least
	// 2048 bits for RS and PS, an *ecdsa.PublicKey on P-256, P-384 or P-521 for
	// ES256, ES384 or ES512, an ed25519.PublicKey for EdDSA.
	Key any
}

var curves = map[string]elliptic.Curve{
	"ES256": elliptic.P256(),
	"ES384": elliptic.P384(),
	"ES512": elliptic.P521(),
}

// check returns a copy that the caller of New cannot change, or an error.
func (k Key) check() (Key, error) {
	switch k.Algorithm {
	case "HS256", "HS384", "HS512":
		key, ok := k.Key.([]byte)
		if !ok {
			return k, fmt.Errorf("%s needs a []byte, not %T", k.Algorithm, k.Key)
		}
		if len(key) < minSecret {
			return k, fmt.Errorf("secret has %d bytes, under %d", len(key), minSecret)
		}
		if block, _ := pem.Decode(key); block != nil {
			return k, errors.New("secret is a PEM file: a public key is no secret")
		}
		k.Key = bytes.Clone(key)
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		key, ok := k.Key.(*rsa.PublicKey)
		if !ok || key == nil || key.N == nil {
			return k, fmt.Errorf("%s needs an *rsa.PublicKey, not %T", k.Algorithm, k.Key)
		}
		if bits := key.N.BitLen(); bits < minRSA {
			return k, fmt.Errorf("RSA key has %d bits, under %d", bits, minRSA)
		}
	case "ES256", "ES384", "ES512":
		key, ok := k.Key.(*ecdsa.PublicKey)
		if !ok || key == nil {
			return k, fmt.Errorf("%s needs an *ecdsa.PublicKey, not %T", k.Algorithm, k.Key)
		}
		if *key == (ecdsa.PublicKey{Curve: key.Curve}) {
			return k, errors.New("ECDSA key is empty")
		}
		if key.Curve != curves[k.Algorithm] {
			return k, fmt.Errorf("%s needs a key on curve %s", k.Algorithm, curves[k.Algorithm].Params().Name)
		}
		if _, err := key.Bytes(); err != nil {
			return k, fmt.Errorf("ECDSA key: %w", err)
		}
	case "EdDSA":
		key, ok := k.Key.(ed25519.PublicKey)
		if !ok || len(key) != ed25519.PublicKeySize {
			return k, fmt.Errorf("EdDSA needs an ed25519.PublicKey, not %T", k.Key)
		}
		k.Key = ed25519.PublicKey(bytes.Clone(key))
	default:
		return k, fmt.Errorf("algorithm %q is not supported", k.Algorithm)
	}
	return k, nil
}

// ParsePublicKeyPEM reads the first block of a PEM file: a PUBLIC KEY (PKIX), an RSA PUBLIC
// KEY (PKCS #1), or a CERTIFICATE, of which it takes only the key. It returns a value for
// Key.Key.
func ParsePublicKeyPEM(data []byte) (any, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("jwt: no PEM block")
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = c.PublicKey
		}
	default:
		return nil, fmt.Errorf("jwt: PEM block is a %s, not a public key", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("jwt: parse %s: %w", block.Type, err)
	}
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return key, nil
	}
	return nil, fmt.Errorf("jwt: %T is not supported", key)
}
