package room

import "github.com/coupchat/coup/store"

// A Live is what a live event says. Each kind has some of the fields.
type Live struct {
	// UserID is the user who types, signals, has read, came or left, and UserName the name of
	// that user.
	UserID   store.UserID
	UserName string
	// Kind and Data, which is JSON, are what a signal carries.
	Kind string
	Data []byte
	// Seq is how far the user has read, and Unread how many messages of others there are above.
	// It is below 0 where others are told.
	Seq    int64
	Unread int
	// Online says whether the user came or left.
	Online bool
	// Count, if above 0, is how many users are in the room. No user is named then: they are too
	// many.
	Count int
}
