package store

import (
	"fmt"
	"slices"
	"time"
)

// A Kind says what an Entry is.
type Kind uint8

// The kinds of entries. Each names the fields that only it has.
const (
	// KindMessage is a message: Content, ReplyTo, Mentions, Attachments and Meta. What is read
	// has EditedAt, DeletedAt and Reactions too.
	KindMessage Kind = iota
	// KindEdit replaces what the message at MessageSeq says: Content, Mentions, Attachments and
	// Meta. What it leaves out, the message does not have any more.
	KindEdit
	// KindDelete deletes the message at MessageSeq.
	KindDelete
	// KindReaction adds the Emoji of a user to the message at MessageSeq, or takes it away.
	KindReaction
	// KindErase says that what stood at the seqs From to To is gone.
	KindErase
)

var kinds = [...]string{"message", "edit", "delete", "reaction", "erase"}

// String returns the name of the kind, as it is written in JSON.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return "unknown"
}

// UnmarshalText sets the kind to the one with that name.
func (k *Kind) UnmarshalText(name []byte) error {
	at := slices.Index(kinds[:], string(name))
	if at < 0 {
		return fmt.Errorf("%w: there is no kind %q", ErrInvalid, name)
	}
	*k = Kind(at)
	return nil
}

// A Message is an Entry of KindMessage. The type has this name where there is nothing else.
type Message = Entry

// An Entry is an item of the log of a study. The text of a message is stored in the message only:
// an edit that is read shows the message as it is at that moment.
type Entry struct {
	// ID is unique across all studies. The store sets it.
	ID string
	// StudyID is the study.
	StudyID StudyID
	// Seq orders the entries of a study, of all kinds: 1, 2, 3 and so on, without gaps. The store
	// sets it. It is 0 for what Append did not store.
	Seq int64
	// UserID is the author, and UserName the name that the author had at that time.
	UserID   UserID
	UserName string
	// Content is the text, trimmed, at most MaxContent UTF-16 units. It is empty if the message is
	// deleted, and may be empty if there are Attachments.
	Content string
	// SentAt is when the entry was stored, by the clock of the store, in UTC with
	// milliseconds.
	SentAt time.Time
	// ClientID makes it safe to send the entry again: the same ClientID of the same
	// user in the same study is always the same entry. See NewClientID and Public.
	ClientID string
	// Repeated is set by Append on an entry that was stored before.
	Repeated bool

	// Kind says which of the fields below the entry has.
	Kind Kind
	// On says whether a reaction is added or taken away.
	On bool
	// Any says to Append that the author of an edit or deletion may change the messages of others
	// too. Whoever sets it has checked the role.
	Any bool
	// MessageSeq is the seq of the message that is edited, deleted or reacted to.
	MessageSeq int64
	// ReplyTo is the seq of the message that this one answers, or 0. Nobody checks that there is
	// one: it may be deleted at any time.
	ReplyTo int64
	// Mentions are the users that the text names, at most 50.
	Mentions []UserID
	// Attachments are files that belong to the message, at most 10.
	Attachments []Attachment
	// Meta is a JSON object of at most 4 KiB that belongs to the application, or "".
	Meta string
	// EditedAt is when the message was last edited, and DeletedAt when it was deleted. Zero if it
	// was not. The store sets both. For an edit or a deletion that is SentAt.
	EditedAt, DeletedAt time.Time
	// Reactions are those to a message, the oldest that is still there first.
	Reactions []Reaction
	// Emoji is the emoji of a reaction: one character as a user sees it, at most 32 bytes.
	Emoji string
	// Count is how many users have reacted with Emoji, after this reaction. The store sets it.
	Count int
	// From and To are the seqs that an erase entry names.
	From, To int64

	// Err is set by Append on an entry that was not stored, while others of its batch were:
	// ErrNotFound if there is no message at MessageSeq or it is deleted, ErrForbidden if it belongs
	// to somebody else, ErrTaken if the ClientID belongs to an entry of another kind or about another
	// message, ErrReactions if there are too many different ones.
	Err error
}

// An Attachment is a file that belongs to a message. The application stores the file.
type Attachment struct {
	// URL is where the file is: an absolute path on the same site, or an https URL.
	URL string `json:"url"`
	// Name is the name of the file, at most 255 UTF-16 units. It may be empty.
	Name string `json:"name,omitempty"`
	// Type is its media type, at most 100 characters. It may be empty.
	Type string `json:"type,omitempty"`
	// Size is its size in bytes, 0 if unknown.
	Size int64 `json:"size,omitempty"`
}

// A Reaction is an emoji on a message.
type Reaction struct {
	Emoji string `json:"emoji"`
	// Count is how many users have reacted with it.
	Count int `json:"count"`
	// UserIDs are the first of them, at most MaxReactors.
	UserIDs []UserID `json:"userIds"`
}

// Plain reports whether e is a message with nothing but text, that was not edited, deleted or
// reacted to: what every Store keeps. Only a Log keeps the rest.
func (e *Entry) Plain() bool {
	return e.Kind == KindMessage && e.ReplyTo == 0 && len(e.Mentions) == 0 && len(e.Attachments) == 0 && e.Meta == "" &&
		e.EditedAt.IsZero() && e.DeletedAt.IsZero() && len(e.Reactions) == 0
}

// Size is about how many bytes of memory what e points to takes.
func (e *Entry) Size() int {
	n := len(e.ID) + len(e.StudyID) + len(e.UserID) + len(e.UserName) + len(e.Content) + len(e.ClientID)
	if e.Plain() {
		return n
	}
	n += len(e.Meta) + len(e.Emoji)
	for _, user := range e.Mentions {
		n += 16 + len(user)
	}
	for i := range e.Attachments {
		a := &e.Attachments[i]
		n += 56 + len(a.URL) + len(a.Name) + len(a.Type)
	}
	for i := range e.Reactions {
		r := &e.Reactions[i]
		n += 48 + len(r.Emoji)
		for _, user := range r.UserIDs {
			n += 16 + len(user)
		}
	}
	return n
}
