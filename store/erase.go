package store

import (
	"context"
	"fmt"
)

// An Eraser is a Log that can erase what was said, and collect what a user has said: for laws that ask
// for it. A Store need not be one.
type Eraser interface {
	Log
	// Erase erases a part of what matches, and returns the entries of KindErase that say so: about
	// MaxErased messages, each study in one transaction. Call it again until it returns none: then
	// nothing is left. An erased message is like a deleted one, and has no UserName any more. With
	// a UserID, the user's edits, deletions and reactions lose the UserName too, and what the user
	// has read is forgotten. Backups, and files of the database until they are cleaned, keep all of
	// it.
	Erase(ctx context.Context, e Erasure) ([]Entry, error)
	// EntriesOf returns the entries of a user after a place, by study and seq. It may return fewer than
	// q.Limit, but returns none only if there are none. All entries of a study are those of Entries.
	EntriesOf(ctx context.Context, q UserQuery) ([]Entry, error)
}

// An Erasure says what is erased: with a StudyID the messages from From to To in that study, and with
// a UserID only those of that user. Without a StudyID it is everything that the user has said
// anywhere.
type Erasure struct {
	StudyID StudyID
	UserID  UserID
	// From and To are seqs. 0 is no bound.
	From, To int64
}

// Check returns an error that wraps ErrInvalid if e makes no sense.
func (e Erasure) Check() error {
	switch {
	case e.StudyID == "" && e.UserID == "":
		return fmt.Errorf("%w: an erasure needs a study or a user", ErrInvalid)
	case e.StudyID != "" && !ValidID(e.StudyID), e.UserID != "" && !ValidID(e.UserID):
		return fmt.Errorf("%w: an erasure has an invalid id", ErrInvalid)
	case e.StudyID == "" && (e.From != 0 || e.To != 0):
		return fmt.Errorf("%w: an erasure with from or to needs a study", ErrInvalid)
	case e.From < 0 || e.To < 0 || e.To != 0 && e.To < e.From:
		return fmt.Errorf("%w: an erasure from %d to %d", ErrInvalid, e.From, e.To)
	}
	return nil
}

// A UserQuery selects entries of a user: those of studies after AfterStudy, and in that study those
// after the seq After.
type UserQuery struct {
	UserID     UserID
	AfterStudy StudyID
	After      int64
	Limit      int
}

const (
	// System is the UserID of the entries that say that something was erased.
	System UserID = "system"
	// MaxErased is how many messages of a study one Erase erases.
	MaxErased = 1000
)
