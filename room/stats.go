package room

import "sync/atomic"

type counters struct {
	posted, delivered, filled, retries, unpublished, junk atomic.Int64
	storeOK                                               atomic.Bool
}

// Stats are figures of a registry. The counts are since it was made.
type Stats struct {
	// Rooms and Users are how many there are on this hub now.
	Rooms, Users int
	// Posted counts posts that were stored, repeats included.
	Posted int64
	// Delivered counts messages times the members they went to.
	Delivered int64
	// Filled counts messages that were read from the store because the bus did
	// not bring them.
	Filled int64
	// Retries counts repeated tries to store a batch.
	Retries int64
	// Unpublished counts news that did not leave for the other hubs.
	Unpublished int64
	// Junk counts what came over the bus and could not be read.
	Junk int64
	// StoreReachable says that the last renewal of the lease went well.
	StoreReachable bool
}

// Stats returns the figures of this moment.
func (g *Registry) Stats() Stats {
	g.mu.RLock()
	rooms := len(g.rooms)
	g.mu.RUnlock()
	g.users.mu.Lock()
	users := len(g.users.byID) - g.users.absent
	g.users.mu.Unlock()
	c := &g.stats
	return Stats{rooms, users, c.posted.Load(), c.delivered.Load(), c.filled.Load(), c.retries.Load(), c.unpublished.Load(), c.junk.Load(), c.storeOK.Load()}
}
