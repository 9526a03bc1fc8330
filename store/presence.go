package store

import "time"

// A Status is a report that a user is online or not.
type Status struct {
	UserID UserID
	Online bool
	// NodeID is the node that reports. The report counts until the lease of the node
	// ends. Without a node it counts until the next report without a node.
	NodeID NodeID
}

// A Presence says whether a user is online, by all reports about that user.
type Presence struct {
	UserID UserID
	Online bool
	// LastSeenAt is when the user was last online, by the clock of the store, in UTC with
	// milliseconds: now if Online, otherwise the time of the report or the end of the lease
	// after which the user was offline. Zero if the user was never online.
	LastSeenAt time.Time
}
