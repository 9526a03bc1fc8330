package jwt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
)

func TestNewRefusesWrongOptions(t *testing.T) {
	hs := jwt.Key{Algorithm: "HS256", Key: secret}
	k := keys()
	small := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	for _, test := range []struct {
		name string
		o    jwt.Options
	}{
		{"no keys", jwt.Options{}},
		{"too much leeway", jwt.Options{Keys: []jwt.Key{hs}, Leeway: time.Minute + 1}},
		{"the same id twice", jwt.Options{Keys: []jwt.Key{{ID: "a", Algorithm: "HS256", Key: secret}, {ID: "a", Algorithm: "HS256", Key: secret}}}},
		{"no algorithm", jwt.Options{Keys: []jwt.Key{{Key: secret}}}},
		{"none", jwt.Options{Keys: []jwt.Key{{Algorithm: "none", Key: secret}}}},
		{"no secret", jwt.Options{Keys: []jwt.Key{{Algorithm: "HS256"}}}},
		{"a secret of 31 bytes", jwt.Options{Keys: []jwt.Key{{Algorithm: "HS256", Key: secret[1:]}}}},
		{"a secret that is a string", jwt.Options{Keys: []jwt.Key{{Algorithm: "HS256", Key: string(secret)}}}},
		{"a secret that is a public key", jwt.Options{Keys: []jwt.Key{{Algorithm: "HS256", Key: k.pem}}}},
		{"an RSA key for HS256", jwt.Options{Keys: []jwt.Key{{Algorithm: "HS256", Key: &k.rsa.PublicKey}}}},
		{"an RSA key of 1024 bits", jwt.Options{Keys: []jwt.Key{{Algorithm: "RS256", Key: small}}}},
		{"a nil RSA key", jwt.Options{Keys: []jwt.Key{{Algorithm: "RS256", Key: (*rsa.PublicKey)(nil)}}}},
		{"a private key", jwt.Options{Keys: []jwt.Key{{Algorithm: "RS256", Key: k.rsa}}}},
		{"ES256 on another curve", jwt.Options{Keys: []jwt.Key{{Algorithm: "ES256", Key: &ecdsa.PublicKey{Curve: elliptic.P384()}}}}},
		{"an ECDSA key without a point", jwt.Options{Keys: []jwt.Key{{Algorithm: "ES256", Key: &ecdsa.PublicKey{Curve: elliptic.P256()}}}}},
		{"EdDSA with too short a key", jwt.Options{Keys: []jwt.Key{{Algorithm: "EdDSA", Key: ed25519.PublicKey("short")}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := jwt.New(test.o); err == nil {
				t.Error("New succeeded")
			}
		})
	}
}

func TestAKidChoosesTheKey(t *testing.T) {
	first, second := secret, bytes.Repeat([]byte("2"), 32)
	one := jwt.Key{ID: "1", Algorithm: "HS256", Key: first}
	two := jwt.Key{ID: "2", Algorithm: "HS256", Key: second}
	unnamed, unnamed2 := jwt.Key{Algorithm: "HS256", Key: first}, jwt.Key{Algorithm: "HS256", Key: second}
	none, kid1, kid2, kid3 := `{"alg":"HS256"}`, `{"alg":"HS256","kid":"1"}`, `{"alg":"HS256","kid":"2"}`, `{"alg":"HS256","kid":"3"}`
	null, empty := `{"alg":"HS256","kid":null}`, `{"alg":"HS256","kid":""}`
	for _, test := range []struct {
		name   string
		keys   []jwt.Key
		header string
		signed []byte
		want   string // "" or a reason
	}{
		{"the first by its id", []jwt.Key{one, two}, kid1, first, ""},
		{"the second by its id", []jwt.Key{one, two}, kid2, second, ""},
		{"the second without an id", []jwt.Key{one, two}, none, second, ""},
		{"the second with null for an id", []jwt.Key{one, two}, null, second, ""},
		{"the second by the id of the first", []jwt.Key{one, two}, kid1, second, "signature"},
		{"another id", []jwt.Key{one, two}, kid3, second, "unknown_key"},
		{"an empty id", []jwt.Key{one, two}, empty, second, "unknown_key"},
		{"any id and a single key without one", []jwt.Key{unnamed}, kid3, first, ""},
		{"an empty id and a single key without one", []jwt.Key{unnamed}, empty, first, ""},
		{"any id, a single key without one, and another secret", []jwt.Key{unnamed}, kid3, second, "signature"},
		{"another id than that of a single key", []jwt.Key{one}, kid3, first, "unknown_key"},
		{"any id and several keys without one", []jwt.Key{unnamed, unnamed2}, kid3, second, ""},
		{"an id that no key has, beside a key without one", []jwt.Key{one, unnamed2}, kid3, second, ""},
		{"the id of a key, signed with a key without one", []jwt.Key{one, unnamed2}, kid1, second, "signature"},
		{"an id that no key has, signed with a key that has another", []jwt.Key{two, unnamed}, kid3, second, "signature"},
		{"no id, signed with the key that has one", []jwt.Key{one, unnamed2}, none, first, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := verifier(t, jwt.Options{Keys: test.keys})
			_, err := v.Verify(t.Context(), craft(test.header, `{"sub":"u1","exp":99999999999}`, hs(test.signed)))
			got := ""
			if r := (*auth.Refusal)(nil); errors.As(err, &r) {
				got = r.Reason
			}
			if got != test.want {
				t.Errorf("Verify = %v, want the reason %q", err, test.want)
			}
		})
	}
}

func TestParsePublicKeyPEM(t *testing.T) {
	k := keys()
	pkix := func(public any) []byte {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey)})
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k.rsa)})
	for _, test := range []struct {
		name      string
		pem       []byte
		algorithm string // none: an error
	}{
		{"RSA", k.pem, "RS256"},
		{"RSA as PKCS #1", pkcs1, "PS512"},
		{"ECDSA", pkix(&k.ecdsa.PublicKey), "ES256"},
		{"Ed25519", pkix(k.ed.Public()), "EdDSA"},
		{"a private key", private, ""},
		{"no PEM", []byte("secret"), ""},
		{"a block of nothing", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY"}), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			key, err := jwt.ParsePublicKeyPEM(test.pem)
			if (err == nil) != (test.algorithm != "") {
				t.Fatalf("ParsePublicKeyPEM = %T, %v", key, err)
			}
			if err == nil {
				verifier(t, jwt.Options{Keys: []jwt.Key{{Algorithm: test.algorithm, Key: key}}})
			}
		})
	}
}

func TestSignerRefusesWhatAVerifierRefuses(t *testing.T) {
	if _, err := jwt.NewHS256(secret[1:]); err == nil {
		t.Error("NewHS256 with 31 bytes succeeded")
	}
	s, err := jwt.NewHS256(secret)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name string
		who  auth.Identity
	}{
		{"no user", auth.Identity{ExpiresAt: later}},
		{"a user id with a space", auth.Identity{UserID: "u 1", ExpiresAt: later}},
		{"no end", auth.Identity{UserID: "u1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := s.Sign(test.who); err == nil {
				t.Errorf("Sign(%+v) succeeded", test.who)
			}
		})
	}
}
