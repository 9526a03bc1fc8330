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

	encoded encoded
}

// A Batch is events that are delivered together, in order. Like its events it is
// shared by all connections: a Conn must not change it, and must not keep it after
// Deliver returns.
//
// An event of kind Left comes alone in its batch. It is the last batch that the
// room delivers to the seat: a Conn that gets it forgets the seat that is Gone in
// that study. A connection that has joined the study again meanwhile holds another
// seat, which stays.
type Batch struct {
	Events []*Event

	encoded encoded
}

// An Encoder writes events in one dialect. Encoders are compared with ==: those of
// one dialect must be equal, and of a comparable type.
type Encoder interface {
	// EncodeEvent returns an event as its recipients get it. The result is shared
	// by all of them.
	EncodeEvent(*Event) []byte
	// EncodeBatch does the same for a whole batch.
	EncodeBatch(*Batch) []byte
}

// Encoded returns what enc writes for the event. Each dialect writes an event once.
// Call it only from Conn.Deliver and from the function given to Join: one goroutine
// at a time delivers an event.
func (e *Event) Encoded(enc Encoder) []byte {
	kept := e.encoded.by(enc)
	if kept.data == nil {
		kept.data = enc.EncodeEvent(e)
	}
	return kept.data
}

// Encoded returns what enc writes for the whole batch. Each dialect writes a batch
// once. The rules are those of Event.Encoded.
func (b *Batch) Encoded(enc Encoder) []byte {
	kept := b.encoded.by(enc)
	if kept.data == nil {
		kept.data = enc.EncodeBatch(b)
	}
	return kept.data
}

// encoded is what an Encoder has written, and a list of what others have. The first
// is kept in place: one dialect costs no allocation.
type encoded struct {
	enc  Encoder
	data []byte
	next *encoded
}

// by returns where the bytes of enc are kept.
func (e *encoded) by(enc Encoder) *encoded {
	for ; e.enc != enc; e = e.next {
		if e.enc == nil {
			e.enc = enc
			return e
		}
		if e.next == nil {
			e.next = &encoded{}
		}
	}
	return e
}
