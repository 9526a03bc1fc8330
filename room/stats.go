package room

import "sync/atomic"

// counters are the counts of Stats that room itself keeps.
type counters struct {
	posted, delivered, gaps, filled, resets, malformed, notTold atomic.Int64

	stored, shown durations
}

// Stats are figures of a registry. Counts start at 0 when the registry is made.
type Stats struct {
	// Rooms is how many rooms there are now.
	Rooms int
	// Users is how many users have a connection now.
	Users int
	// Posted counts posts that were stored, including those that were stored before.
	Posted int64
	// Delivered counts deliveries: each message once for each connection.
	Delivered int64
	// Gaps counts how often a room had to read from the store because messages were
	// missing.
	Gaps int64
	// Filled counts messages that were read from the store because the bus did not
	// bring them.
	Filled int64
	// Resets counts how often a room began anew because the store had another history
	// than the room had delivered: it was restored, or a standby without the last messages
	// took over.
	Resets int64
	// Retries counts repeated calls of Store.Append.
	Retries int64
	// Unpublished counts payloads that were not published for the other hubs.
	Unpublished int64
	// Remembered is how many bytes of messages all rooms remember, see Options.MaxMemory.
	Remembered int64
	// NotTold counts entries for which Options.Posted was not called, because too many waited.
	NotTold int64
	// Malformed counts payloads from the bus that could not be read.
	Malformed int64
	// Stored is how long posts took from Seat.Post until they were stored, and Shown until
	// they were delivered to the connections of this hub.
	Stored, Shown Histogram
	// BusReachable says that the last ping of the bus succeeded, or that the bus is no
	// bus.Pinger. While it is false, messages of other hubs are read from the store, up to
	// Options.CheckHeads late.
	BusReachable bool
	// StoreReachable says that the last renewal of the hub's lease succeeded.
	StoreReachable bool
}
