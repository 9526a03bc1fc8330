package store

import "context"

// MaxUnread is the largest ReadState.Unread.
const MaxUnread = 99

// Reads is a Store that also keeps how far each user has read in each study. A Store need not be
// one: hubs then answer unsupported to whoever marks.
//
// Like all methods of a Store these may be called at the same time from any goroutine, and wrap
// ErrUnavailable where it may help to try again. A call has at most MaxBatch marks or memberships.
type Reads interface {
	Store
	// MarkRead sets how far users have read, in one transaction. A mark never goes back, and is
	// never above the head of its study, also if it was before the store went back.
	MarkRead(ctx context.Context, marks []ReadMark) error
	// ReadStates returns how far users have read, in the order of memberships.
	ReadStates(ctx context.Context, of []Membership) ([]ReadState, error)
	// ReadMarks returns the marks of everybody in a study, by user.
	ReadMarks(ctx context.Context, study StudyID) ([]ReadMark, error)
}

// A ReadMark says that a user has read the entries of a study up to Seq.
type ReadMark struct {
	StudyID StudyID
	UserID  UserID
	Seq     int64
}

// A ReadState is what a user has read of a study.
type ReadState struct {
	// Marked says that there is a mark. Without one the rest is zero.
	Marked bool
	// Seq is how far the user has read.
	Seq int64
	// Unread is how many messages of others are above Seq and not deleted, at most MaxUnread.
	Unread int
}
