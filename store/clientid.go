package store

import "crypto/rand"

// generated is the first character of generated client ids. Clients cannot send it,
// because a client id has no control characters (see Message.Clean).
const generated = "\x01"

// NewClientID returns a client id for a message that has none, so that a retry cannot
// store it twice.
func NewClientID() string { return generated + rand.Text() }

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
