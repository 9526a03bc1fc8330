// Package rest is both ends of the internal API under /api/internal/v1. [Handler] serves
// any [store.Store] over HTTP, and [Client] is a [store.Store] over that API. So hubs need
// no database, and the service with the database may be written in any language.
//
// # The internal API
//
// Requests and answers are JSON, with an Authorization: Bearer header that has a
// service token. Unknown fields are ignored, duplicate fields refused. Paths are below
// [Base]. A body has at most 4 MiB.
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
//	POST entries                {entries: [...]}, up to 500 of any kind
//	    200 {entries: [...]} in the same order, {code, message} in place of one that was
//	    refused; 501 from a backend that keeps messages only
//	GET  entries?studyId=&after=&limit=
//	    200 {entries: [...], more}, of every kind, by ascending seq; 501 likewise
//	GET  messages/search?studyId=&q=&userId=&before=&limit=
//	    200 {messages: [...], more}, the newest first; 501 from a backend that does not search
//	POST reads                  {reads: [{studyId, userId, seq}, ...]}, up to 500
//	    204; 501 from a backend that does not keep what users have read
//	POST reads/query            {reads: [{studyId, userId}, ...]}, up to 500
//	    200 {reads: [{seq, unread}, ...]} in the same order, null without a mark
//	GET  reads?studyId=
//	    200 {reads: [{userId, seq}, ...]}; 501 unless HandlerOptions.Receipts is set
//	POST erasures               {studyId?, userId?, from?, to?}
//	    200 {entries: [...]}, empty once nothing is left; 501 from a backend that cannot
//	GET  users/{userId}/entries?afterStudyId=&after=&limit=
//	    200 {entries: [...]}, by study and seq, empty at the end
//	POST studies/heads          {studyIds: [...]}, up to 10,000
//	    200 {heads: {studyId: seq}}, 0 for a study without messages
//	GET  studies/{studyId}/members/{userId}
//	    200 {role}, or 404 for a user who is not a member
//	POST studies/members        {members: [{studyId, userId}, ...]}, up to 1,000
//	    200 {roles: [...]} in the same order, null for a user who is not a member; 501
//	    from a backend that looks them up one by one
//	POST users/status           {userId, status, nodeId?} or {statuses: [...]}
//	    204; status is "online" or "offline"; with a nodeId it counts until the lease
//	    of that node ends, without one until the next report
//	GET  users/{userId}/status
//	    200 {userId, status, lastSeenAt}, lastSeenAt null if never seen
//	PUT  nodes/{nodeId}         {ttl?}, in milliseconds, at most and by default 20,000
//	    204; renews the lease of a hub
//
// An error is an application/problem+json (RFC 9457) with a code: 400 bad_request,
// too_large or empty; 401 unauthorized; 404 forbidden for a user who is not a member; 413
// too_large; 503 unavailable; 500 internal. Every request may be sent again; a post, if it
// has a clientId: 1 to 64 characters, none of them a control character. Hubs give every
// post one. A clientId that a hub has generated begins with U+0001, and answers leave it
// out.
//
// # Files
//
//	handler.go           what every request needs: token, deadline, size, recovered panics
//	route.go             the paths and their handlers
//	handle_messages.go   messages: store and read
//	handle_presence.go   presence, leases of nodes
//	handle_studies.go    heads and members
//	problem.go           how an error is written
//	handle_entries.go    the log: entries of every kind
//	handle_reads.go      what users have read
//	erase.go             erasing and collecting, both ends
//	search.go            searching, both ends
//	optional.go          parts of the API that a service may lack
//	client.go            one request to a handler
//	client_messages.go   the methods of store.Store for messages
//	client_entries.go    Append, and the methods of store.Log
//	client_reads.go      the methods of store.Reads
//	client_presence.go   the methods for presence, and store.Members
//	wire.go              messages in JSON, both directions
//	entry.go             entries of every kind in JSON
//	value.go             the JSON values of a body
package rest

// Base is the path of the internal API.
const Base = "/api/internal/v1"

// Limits that both ends have.
const (
	// maxBody is the largest request, in bytes.
	maxBody = 4 << 20
	// maxAnswer is the largest answer that a Client reads, in bytes. 500 messages of the
	// longest content, with every unit escaped, are half as large.
	maxAnswer = 16 << 20
	// maxIDs is how many studies, or reports, one request may have.
	maxIDs = 10_000
	// maxHistory is how many messages one request may read.
	maxHistory = 500
	// pageBytes is about how long one answer with history may be, unless its first message
	// is longer.
	pageBytes = 256 << 10
	// minToken is the shortest service token, in bytes.
	minToken = 32
)
