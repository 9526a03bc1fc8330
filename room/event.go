package room

import (
	"time"

	"github.com/coupchat/coup/store"
)

// Names from below, so that what stands on this floor needs no other.
type (
	StudyID = store.StudyID
	UserID  = store.UserID
	Message = store.Message
)

// A Kind says what an Event is about.
type Kind uint8

const (
	// Said is a message of the study.
	Said Kind = iota
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
	Message Message
	// From is the member that posted the message, if that was on this hub.
	From Member
	// StudyID is the room of a Left event and of a notification to a room.
	StudyID StudyID
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

// FormatTime writes t as the wire wants it: RFC 3339, UTC, milliseconds.
func FormatTime(t time.Time) string { return store.FormatTime(t) }

// ValidID reports whether id may name a study or a user, see store.ValidID.
func ValidID[T ~string](id T) bool { return store.ValidID(id) }

// ValidUserName reports whether a user may go by name, see store.ValidUserName.
func ValidUserName(name string) bool { return store.ValidUserName(name) }

// ValidClientID reports whether a client may send id, see store.ValidClientID.
func ValidClientID(id string) bool { return store.ValidClientID(id) }
