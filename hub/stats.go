package hub

import (
	"sync/atomic"

	"github.com/coupchat/coup/room"
)

type counters struct {
	accepted, refused, slow, panics, queued, polling, dropped atomic.Int64

	tokens, handshakes, errors, closes tally
}

// Stats are figures of a hub. Counts start at 0 when the hub is made.
type Stats struct {
	// Connections is how many there are now, and Unauthenticated how many of them have no user
	// yet.
	Connections, Unauthenticated int
	// Polling is how many clients of long-polling have a request waiting for events.
	Polling int
	// Accepted counts handshakes that succeeded, Refused those that failed.
	Accepted, Refused int64
	// RefusedHandshakes counts them by reason: origin, full, strangers (see
	// Options.MaxUnauthenticated), rate, draining, identity, malformed, or socketio (a request
	// that Engine.IO refuses, such as one with the id of another hub).
	RefusedHandshakes map[string]int64
	// RefusedTokens counts tokens that were not accepted, by reason: that of an auth.Refusal,
	// or expired, invalid, user_mismatch, unavailable.
	RefusedTokens map[string]int64
	// Errors counts error events by code, and Closes the connections that have ended by close
	// code; 1006 stands for a connection that ended without one.
	Errors, Closes map[string]int64
	// Queued is how many bytes wait to be sent, over all connections.
	Queued int64
	// Dropped counts what was not sent because the client reads slowly, and which is not stored:
	// who types, who is here, signals, what others have read.
	Dropped int64
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
		RefusedHandshakes: h.counts.handshakes.counts(),
		RefusedTokens:     h.counts.tokens.counts(),
		Errors:            h.counts.errors.counts(),
		Closes:            h.counts.closes.counts(),
		Queued:            h.counts.queued.Load(),

		Connections:     connections,
		Unauthenticated: int(h.strangers.Load()),
		Polling:         int(h.counts.polling.Load()),
		Accepted:        h.counts.accepted.Load(),
		Refused:         h.counts.refused.Load(),
		Dropped:         h.counts.dropped.Load(),
		Slow:            h.counts.slow.Load(),
		Panics:          h.counts.panics.Load(),
		Room:            h.rooms.Stats(),
	}
}
