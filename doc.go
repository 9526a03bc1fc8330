// Package coup is realtime chat for study groups: a library that a Go server
// embeds. A [Server] is an http.Handler; mount it, and browsers chat over
// WebSocket, see each other's messages on every hub, and get what they missed
// when they come back.
//
// # The floor plan
//
// This package is the roof: it puts a whole house together from [Options]. Below
// it, each floor knows only the floors under it.
//
// At the front door, package hub accepts connections and speaks with them, and
// package auth says who is knocking. At the side door, package store/rest is both
// ends of the internal API, for a store that lives in another process. Behind
// the doors, package room has the rules: who may join, what a post goes through,
// in which order messages are delivered, how a hub that missed something catches
// up. In the cellar, package store keeps what was said, and package bus carries
// what is being said.
//
// Down goes a post: a frame becomes a request of a session, the room stores it,
// which gives it its seq, the sender gets the ack, and the bus tells the other
// hubs. Up comes a delivery: the room puts messages in the order of their seqs,
// drops repeats, reads what is missing from the store, encodes each once and
// hands it to every member's outbox.
//
// The store is the truth, the bus is a hint. A post is acknowledged when it is
// stored, whatever becomes of the bus; what the bus loses is found in the store.
//
// # Packages
//
//	coup                the roof: a server from Options
//	auth                who is knocking: Verifier, Identity
//	auth/jwt            a Verifier of JSON Web Tokens, and a Signer
//	bus                 what is being said: Bus, and one within a process
//	bus/redis           a Bus over Redis Pub/Sub
//	hub                 the front door: connections, sessions, events
//	hub/prom            the figures of hub and rooms, for Prometheus
//	room                the rules: join, post, deliver, catch up, announce
//	store               what was said: Store, Members, and one in memory
//	store/postgres      a Store in Postgres
//	store/sqlite        a Store in a SQLite file
//	store/rest          a Store over the internal API, and the API over a Store
//	examples/...        programs to start from
//
// Out of sight are internal/ws (frames and handshakes), internal/codec (the JSON
// of the events), internal/poll (many sockets, few goroutines) and
// internal/sqlstore (what the SQL stores share). Those who write a Store or a Bus
// of their own hold it against the kits store/storetest and bus/bustest;
// internal/testenv and internal/wstest are the servers and the client of our
// tests, internal/faults breaks the whole deployment, internal/imports holds the
// house against its plan, and scripts has what runs the tests (gotest), seeds bugs
// for them to find (mutants) and measures a hub (perf).
package coup
