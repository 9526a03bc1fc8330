// Package rest is the side door: both ends of the internal API under
// /api/internal/v1. [Handler] serves any [store.Store] over HTTP, and [Client]
// is a [store.Store] that reaches one that way, so that hubs need no database
// and other services need no Go.
//
// # The internal API
//
// Requests and answers are JSON, with an Authorization: Bearer header that has a
// service token. Fields that are not known are ignored, duplicate ones refused.
// Paths are below [Base]; a body has 4 MiB at most.
//
//	POST messages               {studyId, userId, userName, content, clientId?}
//	    201 with the message stored, {id, studyId, seq, userId, userName, content,
//	    sentAt, clientId?}; 200 with the original, and repeated: true, if that
//	    clientId of that user was stored in the study before
//	POST messages               {messages: [...]}, up to 500 of those
//	    200 {messages: [...]} in the same order; all or none is stored
//	GET  messages?studyId=&after=&before=&limit=
//	    200 {messages: [...]} by ascending seq; limit is 1 to 500, or 50; without
//	    after the newest, with it the oldest of those that follow
//	POST studies/heads          {studyIds: [...]}, up to 10,000
//	    200 {heads: {studyId: seq}}, 0 where nothing was said
//	GET  studies/{studyId}/members/{userId}
//	    200 {role}, or 404 for who is no member
//	POST studies/members        {members: [{studyId, userId}, ...]}, up to 1,000
//	    200 {roles: [...]} in the same order, null for who is no member; 501 from a
//	    backend that looks them up one by one
//	POST users/status           {userId, status, nodeId?} or {statuses: [...]}
//	    204; status is "online" or "offline"; with a nodeId it holds while the lease
//	    of that node does, without until it is changed
//	GET  users/{userId}/status
//	    200 {userId, status, lastSeenAt}, lastSeenAt null if never seen
//	PUT  nodes/{nodeId}         {ttl?}, in milliseconds, at most 20,000 and by default so
//	    204; renews the lease of a hub
//
// An error is an application/problem+json (RFC 9457) with a code besides: 400
// bad_request, too_large or empty; 401 unauthorized; 404 forbidden for who is no
// member; 413 too_large; 503 unavailable; 500 internal. Every request may be made
// again, a post if it has a clientId: 1 to 64 characters, none of them a control
// character. Hubs give every post one. Those that they made themselves begin with a
// U+0001 before that, and answers leave them out.
//
// # Files
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
