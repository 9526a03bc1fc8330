package room

import (
	"time"
	"unsafe"

	"github.com/coupchat/coup/store"
)

// A Conn is one connection of a user, as a room sees it.
type Conn interface {
	// User returns the user of the connection, always the same.
	User() store.UserID
	// Deliver sends events to the client. It must not block. A room calls it for one
	// batch after the other; notifications may come at the same time, from another
	// goroutine.
	Deliver(b *Batch)
}

// A Kind says what an Event is about.
type Kind uint8

const (
	// NewMessage is a new entry in the log of a study: a message, or what Message.Kind says.
	NewMessage Kind = iota
	// Notified is a notification to a user or to a room.
	Notified
	// Left says that the server has removed the connection from a room.
	Left
	// Reset says that the store went back behind what the room had delivered. A client
	// forgets the study and reads its history anew.
	Reset
	// Erased says that the messages from First to Last are gone. A client forgets them.
	Erased
	// Revoked says that the user must authenticate again: the connection must be closed.
	// Notice.Message is a text for the user, or empty. It is alone in its batch.
	Revoked

	// The kinds below are live: they are not stored, so a Conn may drop them when its client
	// is slow. Each is alone in its batch, and has a Live.

	// Typing says that a user is writing.
	Typing
	// Signal is what one user sends to another, for a call.
	Signal
	// ReadMarked says how far a user has read.
	ReadMarked
	// Present says that a user came into a room or left it, or how many are there.
	Present
)

// Live reports whether an event of this kind is not stored, so that it may be dropped.
func (k Kind) Live() bool { return k >= Typing }

// Reasons of a Left event.
const (
	// Kicked follows a StudyEvent of type MemberKicked.
	Kicked = "kicked"
	// Deleted follows a StudyEvent of type StudyDeleted.
	Deleted = "study_deleted"
	// MembershipLost says that the user is not a member any more.
	MembershipLost = "membership_lost"
)

// An Event is delivered to connections. All of them share it: it must not be changed.
//
// Rooms keep many. Above 512 bytes the collector of Go 1.26 scans objects one by one, which
// doubled its work.
type Event struct {
	Kind Kind
	// Message is the entry of a NewMessage event.
	Message store.Message
	// From is the connection that posted the message, if it is on this hub.
	From Conn
	// StudyID is the study of a Left, Reset or Erased event, and of a notification to a
	// room.
	StudyID store.StudyID
	// Seq is the newest seq of the study at a Reset event.
	Seq int64
	// First and Last are the seqs of an Erased event.
	First, Last int64
	// Reason is why a Left event happened.
	Reason string
	// Notice is the notification of a Notified event. Other events have none.
	Notice *Notification
	// Live is what a live event says.
	Live *Live

	posted  time.Time // when it was posted on this hub, or zero
	encoded encoded
}

// size is about how many bytes of memory the event of a message takes without what Encoders
// write.
func (e *Event) size() int64 { return int64(unsafe.Sizeof(*e)) + int64(e.Message.Size()) }

// messageEvent returns the event for a message from the store or the bus.
func messageEvent(m store.Message) *Event {
	return &Event{Kind: NewMessage, Message: m.Public()}
}

// forgetEncoded frees what Encoders have written, for an event that is kept: another copy of the
// text would double the memory.
func forgetEncoded(events []*Event) {
	for _, ev := range events {
		ev.encoded = encoded{}
	}
}

// A Batch holds events that are delivered together, in order. All connections share
// it: a Conn must not change it, and must not keep it after Deliver has returned.
//
// An event of kind Left is alone in its batch. It is the last batch that the room
// delivers to the seat: a Conn that gets it must forget its seat in that study, if
// the seat is Gone. A connection that has joined the study again meanwhile has
// another seat, which stays.
type Batch struct {
	Events []*Event
	// Replay says that this is a page of the replay of a join, see JoinRequest.
	Replay bool

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

// encoded holds the bytes of one Encoder, and a list with those of others. The first
// needs no allocation.
type encoded struct {
	enc  Encoder
	data []byte
	next *encoded
}

// by returns the place for the bytes of enc.
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
