package hub

import (
	"sync/atomic"

	"github.com/coupchat/coup/room"
)

type counters struct {
	accepted, refused, slow, panics atomic.Int64
}

// Stats are figures of a hub. Counts start at 0 when the hub is made.
type Stats struct {
	// Connections is how many there are now.
	Connections int
	// Accepted counts handshakes that succeeded, Refused those that failed.
	Accepted, Refused int64
	// Slow counts sessions that were closed because the client read too slowly.
	Slow int64
	// Panics counts sessions that ended because of a panic.
	Panics int64
	// Room holds the figures of the hub's rooms.
	Room room.Stats
}

// Stats returns the figures of this moment.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	connections := len(h.sessions)
	h.mu.Unlock()
	return Stats{
		Connections: connections,
		Accepted:    h.counts.accepted.Load(),
		Refused:     h.counts.refused.Load(),
		Slow:        h.counts.slow.Load(),
		Panics:      h.counts.panics.Load(),
		Room:        h.rooms.Stats(),
	}
}
