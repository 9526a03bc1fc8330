package room

import (
	"github.com/coupchat/coup/store"
)

// A Kind says what an Event is about.
type Kind uint8

const (
	// NewMessage is a message of the study.
	NewMessage Kind = iota
	// Notified is a notification to the member or to the room.
	Notified
	// Left tells a member that the server took it out of the room.
	Left
)

// Reasons of a Left event.
const (
	Kicked         = "kicked"
	Deleted        = "study_deleted"
	MembershipLost = "membership_lost"
)

// An Event is one thing to be told to members. It is shared by all of them and
// must not be changed.
type Event struct {
	Kind Kind
	// Message is what was said.
	Message store.Message
	// From is the member that posted the message, if that was on this hub.
	From Conn
	// StudyID is the room of a Left event and of a notification to a room.
	StudyID store.StudyID
	// Reason is why the member left.
	Reason string
	// Notice is the notification.
	Notice Notification

	encoded [2][]byte
}

// Encoded returns what encode makes of the event, made once for each dialect (0
// or 1). It is called from Deliver and Join only: an event is delivered by one
// goroutine at a time.
func (e *Event) Encoded(dialect int, encode func(*Event) []byte) []byte {
	if e.encoded[dialect] == nil {
		e.encoded[dialect] = encode(e)
	}
	return e.encoded[dialect]
}

// A Batch is events that are delivered together, in order. Like them it is shared
// by all members and must not be changed or kept.
type Batch struct {
	Events []*Event

	encoded [2][]byte
}

// Encoded returns what encode makes of the whole batch, made once for each
// dialect.
func (b *Batch) Encoded(dialect int, encode func(*Batch) []byte) []byte {
	if b.encoded[dialect] == nil {
		b.encoded[dialect] = encode(b)
	}
	return b.encoded[dialect]
}
