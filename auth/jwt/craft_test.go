package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"

	"github.com/coupchat/coup/auth/jwt"
)

// Tokens are made by hand here, because a library would refuse to make most of them.

var secret = []byte("0123456789abcdef0123456789abcdef")

type keyring struct {
	rsa   *rsa.PrivateKey
	ecdsa *ecdsa.PrivateKey
	ed    ed25519.PrivateKey
	pem   []byte // of the RSA public key
}

var keys = sync.OnceValue(func() keyring {
	var k keyring
	var errs [4]error
	k.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	k.ecdsa, errs[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, k.ed, errs[2] = ed25519.GenerateKey(rand.Reader)
	der, err := x509.MarshalPKIXPublicKey(&k.rsa.PublicKey)
	errs[3] = err
	for _, err := range errs {
		if err != nil {
			panic(err)
		}
	}
	k.pem = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return k
})

func (k keyring) public() []jwt.Key {
	return []jwt.Key{
		{ID: "hs", Algorithm: "HS256", Key: secret},
		{ID: "rs", Algorithm: "RS256", Key: &k.rsa.PublicKey},
		{ID: "es", Algorithm: "ES256", Key: &k.ecdsa.PublicKey},
		{ID: "ed", Algorithm: "EdDSA", Key: k.ed.Public().(ed25519.PublicKey)},
	}
}

type signer func(signed string) []byte

func hs(key []byte) signer {
	return func(signed string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(signed))
		return m.Sum(nil)
	}
}

func rs(signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	b, err := rsa.SignPKCS1v15(nil, keys().rsa, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return b
}

func es(signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, keys().ecdsa, sum[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func ed(signed string) []byte { return ed25519.Sign(keys().ed, []byte(signed)) }

func none(string) []byte { return nil }

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func craft(header, claims string, sign signer) string {
	signed := b64(header) + "." + b64(claims)
	return signed + "." + b64(string(sign(signed)))
}

const hsHeader = `{"alg":"HS256","typ":"JWT"}`

// good returns a token that is valid except for claims. In a synctest bubble the time is
// 946684800.
func good(claims string) string {
	return craft(hsHeader, `{"sub":"u1","exp":946688400`+claims+`}`, hs(secret))
}

func claimed(claims string) string { return craft(hsHeader, claims, hs(secret)) }

func head(header string) string {
	return craft(header, `{"sub":"u1","exp":946688400}`, hs(secret))
}

func flip(token string, i int) string {
	c := byte('A')
	if token[i] == c {
		c = 'B'
	}
	return token[:i] + string(c) + token[i+1:]
}

func long(n int) string { return strings.Repeat("x", n) }
