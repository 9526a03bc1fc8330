package store

import (
	"crypto/rand"
	"encoding/base32"
)

// generated is the first character of generated client ids. Clients cannot send it,
// because a client id has no control characters (see Message.Clean).
const generated = "\x01"

var plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewClientID returns a client id for a message that has none, so that a retry cannot
// store it twice.
func NewClientID() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	id := [1 + 26]byte{generated[0]}
	plain.Encode(id[1:], random[:])
	return string(id[:])
}

// Generated reports whether a client id was made by NewClientID.
func Generated(clientID string) bool {
	return len(clientID) > 0 && clientID[0] == generated[0]
}

// Public returns the message as clients see it: without a generated client id.
func (m Message) Public() Message {
	if Generated(m.ClientID) {
		m.ClientID = ""
	}
	return m
}
