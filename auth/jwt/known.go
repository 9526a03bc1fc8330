package jwt

import (
	"crypto/sha256"
	"sync"
)

// maxKnown is how many tokens a Verifier remembers, twice at most. A token takes 350 bytes here, and to check
// one again takes some microseconds: more would cost an idle hub more than it saves a busy one.
const maxKnown = 512

// known are the claims of tokens whose signature was checked, by the hash of the token: a client that
// comes back has the same one. Everything that time or options decide is checked anew each time. The
// keys of a Verifier never change. The hash is one for which nobody finds two tokens.
type known struct {
	mu         sync.Mutex // guards what follows
	young, old map[[sha256.Size]byte]claims
}

// get returns the claims of a token, if they are known.
func (k *known) get(hash [sha256.Size]byte) (claims, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.young[hash]
	if !ok {
		c, ok = k.old[hash]
	}
	return c, ok
}

// add remembers the claims of a token. When there are many, those that were added first are forgotten.
func (k *known) add(hash [sha256.Size]byte, c claims) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.young) >= maxKnown {
		k.old, k.young = k.young, nil
	}
	if k.young == nil {
		k.young = make(map[[sha256.Size]byte]claims)
	}
	k.young[hash] = c
}
