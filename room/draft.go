package room

import "github.com/coupchat/coup/store"

// A Draft is a message or an edit that is not stored yet, as Options.BeforePost sees it. It may
// change what the draft says.
type Draft struct {
	// Kind is store.KindMessage, or store.KindEdit of the message at MessageSeq.
	Kind       store.Kind
	MessageSeq int64
	StudyID    store.StudyID
	UserID     store.UserID
	UserName   string
	// Role is that of the user in the study, as Members gave it.
	Role string

	// What the draft says. See store.Entry.

	Content     string
	ReplyTo     int64
	Mentions    []store.UserID
	Attachments []store.Attachment
	Meta        string
}

// A Rejection is why Options.BeforePost refuses a draft. Its text is shown to the sender.
type Rejection struct{ Message string }

// Reject returns the error with which Options.BeforePost refuses a draft. message is a sentence for
// the sender.
func Reject(message string) error { return &Rejection{message} }

func (r *Rejection) Error() string { return r.Message }
