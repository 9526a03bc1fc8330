package store

import "time"

// A Status is a report that a user is online or not.
type Status struct {
	UserID UserID
	Online bool
	// NodeID is the hub that reports; the report holds while its lease does.
	// Empty: it holds until it is changed by another report without a node.
	NodeID NodeID
}

// A Presence is what all reports about a user amount to.
type Presence struct {
	UserID UserID
	Online bool
	// LastSeenAt is when the user was last known to be online: now if they are,
	// the time of the report or the end of the lease that took them offline if
	// not, zero if they were never seen. UTC.
	LastSeenAt time.Time
}
