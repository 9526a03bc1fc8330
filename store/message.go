package store

import (
	"time"

	strict "github.com/coupchat/coup/internal/json"
)

// StudyID names a study. It matches ^[A-Za-z0-9_.:@|+=~-]{1,128}$ and is neither "." nor
// "..", see ValidID.
type StudyID string

// UserID is the id of a user. The rule for it is that for a StudyID.
type UserID string

// NodeID is the id of one run of a hub. It matches ^[A-Za-z0-9_.:@-]{1,128}$, see
// ValidNodeID. It is empty for a presence report that an application makes, and not a hub.
type NodeID string

// FormatTime returns t as all protocols of coup write it: RFC 3339, UTC, milliseconds.
func FormatTime(t time.Time) string { return t.UTC().Format(strict.TimeFormat) }

// A Query selects messages of one study.
type Query struct {
	StudyID StudyID
	// After leaves out messages with seq <= After. 0 leaves out none.
	After int64
	// Before leaves out messages with seq >= Before. 0 leaves out none.
	Before int64
	// Limit is the largest number of messages, at least 1. A store must not have a smaller
	// limit of its own: fewer messages than Limit mean that there are no more.
	Limit int
	// Newest selects the newest messages if more than Limit match. Otherwise the oldest
	// are selected. The order is ascending in both cases.
	Newest bool
}
