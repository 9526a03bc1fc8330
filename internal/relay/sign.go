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
type keys [][]byte

// sign returns the signature of a payload by HMAC-SHA256 (RFC 2104), in base64. It is valid on
// that channel only.
func sign(key []byte, channel string, node store.NodeID, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "coup relay %s\n%s\n%s\n", signed, channel, node)
	mac.Write(body)
	return base64.RawURLEncoding.AppendEncode(nil, mac.Sum(nil))
}

// verify reports whether one of the keys has made a signature.
func (k keys) verify(signature []byte, channel string, node store.NodeID, body []byte) bool {
	for _, key := range k {
		if hmac.Equal(signature, sign(key, channel, node, body)) {
			return true
		}
	}
	return false
}
