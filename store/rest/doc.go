// Package rest is the side door: both ends of the internal API under
// /api/internal/v1. [Handler] serves any [store.Store] over HTTP, and [Client]
// is a [store.Store] that reaches one that way, so that hubs need no database
// and other services need no Go.
//
//	handler.go           who may come in: token, deadline, size, panics
//	route.go             which path goes where
//	handle_messages.go   say and read
//	handle_presence.go   who is online, and the leases of hubs
//	handle_studies.go    heads and members
//	problem.go           what an error looks like on the wire
//	client.go            one exchange with a handler
//	client_messages.go   the message half of store.Store
//	client_presence.go   the presence half, and store.Members
//	wire.go              messages in JSON, both directions
//	strict.go, value.go  JSON without the surprises of encoding/json
package rest

// Base is the path under which the internal API lives.
const Base = "/api/internal/v1"

// Bounds that both ends know.
const (
	// maxBody is the largest request of the contract, in bytes.
	maxBody = 4 << 20
	// maxAnswer is the largest answer that a Client reads, in bytes. 500
	// messages of the longest content, with every unit escaped, are half of it.
	maxAnswer = 16 << 20
	// maxIDs is the most studies, or reports, that one request asks about.
	maxIDs = 10_000
	// maxHistory is the most messages that one request reads.
	maxHistory = 500
	// minToken is the shortest service token, in bytes.
	minToken = 32
)
