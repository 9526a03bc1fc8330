package faults

import (
	"sync"
	"time"
)

// A Kind says what a Record is about.
type Kind uint8

const (
	// Sent is a send_message that left, with its ClientID.
	Sent Kind = iota
	// Acked is the answer that it is stored, with ID and Seq.
	Acked
	// Refused is the answer that it is not, with the code in Text.
	Refused
	// Joined is the ack of a join: After is what was asked, Seq the head.
	Joined
	// Heard is a new_message.
	Heard
	// Read is a message found in the history, where a join was truncated.
	Read
	// Left is a room_left, or a join that was forbidden.
	Left
	// Noticed is a notification, with its type in Text.
	Noticed
	// Opened is a connection that was authenticated.
	Opened
	// Closed is the end of a connection, with the cause in Text.
	Closed
	// Broken is the end of one that carried what the protocol does not allow.
	Broken
)

// Fresh is the After of a join that did not ask for what was missed.
const Fresh = -1

// A Record is one line of what a client said and heard.
type Record struct {
	At    time.Duration // since the clock of all clients began
	Kind  Kind
	Conn  int // counts the client's connections
	Study string
	Seq   int64
	After int64
	// Truncated says that a join brought nothing of what was missed.
	Truncated bool
	ID        string
	ClientID  string
	User      string // the author
	Text      string
}

// A Log is everything that one client said and heard.
type Log struct {
	User    string
	Studies []string // that it joins
	// Partial says that the client did not stay until the end, so that it need
	// not have everything.
	Partial bool

	clock func() time.Duration

	mu      sync.Mutex // guards records, acks
	records []Record
	acks    int
}

func (l *Log) add(r Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clock != nil {
		r.At = l.clock()
	}
	l.records = append(l.records, r)
	if r.Kind == Acked {
		l.acks++
	}
}

// Acks returns how many sends were acknowledged so far.
func (l *Log) Acks() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acks
}

// Records returns what there is so far.
func (l *Log) Records() []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[:len(l.records):len(l.records)]
}
