package relay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/coupchat/coup/store"
)

// keys are the secrets that the hubs of a deployment share: the first signs, all verify.
// Without any nothing is signed.
type keys []key

// A key signs payloads with HMAC-SHA256 (RFC 2104).
type key []byte

func newKeys(secrets [][]byte) keys {
	var k keys
	for _, secret := range secrets {
		k = append(k, key(secret))
	}
	return k
}

// sign returns the signature of a payload, in base64. It is valid on that channel only.
func (k key) sign(channel string, node store.NodeID, body []byte) []byte {
	mac := hmac.New(sha256.New, k)
	fmt.Fprintf(mac, "coup relay %s\n%s\n%s\n", signed, channel, node)
	mac.Write(body)
	return base64.RawURLEncoding.AppendEncode(nil, mac.Sum(nil))
}

// verify reports whether one of the keys has made a signature.
func (k keys) verify(signature []byte, channel string, node store.NodeID, body []byte) bool {
	for _, key := range k {
		if hmac.Equal(signature, key.sign(channel, node, body)) {
			return true
		}
	}
	return false
}
