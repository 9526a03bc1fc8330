package faults

import (
	"sync"
	"time"
)

// A Kind is the kind of a Record.
type Kind uint8

const (
	// Sent is a send_message, or what changes a message, with its ClientID.
	Sent Kind = iota
	// Acked is the ack of it, with ID and Seq.
	Acked
	// Refused is the error for it, with the code in Text.
	Refused
	// Joined is the ack of a join: After is that of the join, Seq the head.
	Joined
	// Reset is a room_reset: the store went back, and Seq is the head.
	Reset
	// Received is an entry of the log: a new_message, or what changes one.
	Received
	// Read is a message from the history, after a truncated join or a reset.
	Read
	// Left is a room_left, or a join that was forbidden.
	Left
	// Notified is a notification, with its type in Text.
	Notified
	// Opened is a connection that was authenticated.
	Opened
	// Closed is the end of a connection, with the cause in Text.
	Closed
	// Broken is the end of a connection that violated the protocol.
	Broken
)

// Fresh is the After of a join without after.
const Fresh = -1

// A Record is one line of a Log.
type Record struct {
	At    time.Duration // since the clock of all clients began
	Kind  Kind
	Conn  int // the number of the client's connection
	Study string
	Seq   int64
	After int64
	// Truncated says that a join replayed nothing although messages were missed.
	Truncated bool
	// Reset says that a join found another history than the client had seen.
	Reset    bool
	ID       string
	SentAt   string // of a Read
	ClientID string
	User     string // the author
	Text     string
	Change   Change // of Sent and Received
	State    State  // of Received and Read, without the text
}

// A Log is everything that one client sent and received.
type Log struct {
	User    string
	Studies []string // that it joins
	// Partial says that the client did not stay until the end, so it need not have every
	// message.
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

// Acks returns how many sends have been acknowledged.
func (l *Log) Acks() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acks
}

// Records returns the records up to now.
func (l *Log) Records() []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[:len(l.records):len(l.records)]
}
