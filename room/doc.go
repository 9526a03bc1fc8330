// Package room lets connections join studies, post messages and receive them. It
// knows stores and buses, but no sockets: a [Registry] holds the rooms of one hub, and
// a [Conn] is a connection as a room sees it.
//
// Storing posts, checking memberships, reporting presence and talking to other hubs
// are packages of their own under internal (commit, membership, presence, relay). This
// package orders the messages of a room, delivers them, and reads from the store what
// the bus did not bring.
//
// # The files
//
// A file uses only what stands above it in this list. A test checks that.
//
//	errors.go        the errors that callers branch on
//	may.go           what members may do by their role
//	draft.go         what Options.BeforePost sees
//	options.go       Options and their defaults
//	histogram.go     counts how long something took
//	stats.go         the figures of a registry
//	guard.go         a store and its members whose panics are recovered
//	link.go          which links a page may show
//	announcement.go  what the application publishes: Notification, StudyEvent, Publisher
//	live.go          what a live event says
//	event.go         what connections receive: Conn, Event, Batch, Encoder
//	limit.go         the rate limits of one user
//	users.go         the connections of each user
//	idcache.go       the ids of notifications that were delivered
//	memory.go        bounds what all rooms remember
//	inbox.go         runs what happens in a room, one item at a time
//	typing.go        bounds what is said of those who type
//	roster.go        who is in a room, on all hubs
//	revise.go        shows edits and deletions in what is remembered
//	kept.go          the delivered messages that a room remembers, in pages for replays
//	timeline.go      puts messages in order
//	gap.go           reads from the store what is missing in a timeline
//	heads.go         asks the store for the newest seqs
//	marks.go         stores how far users have read
//	buffers.go       lets the store forget what was deleted
//	hint.go          checks with the store what somebody on the bus says
//	room.go          a room and what happens in it
//	deliverlive.go   delivers what is not stored: typing, signals
//	watch.go         tells clients and other hubs who is in a room
//	seats.go         adds and removes seats
//	history.go       finds out that the store has another history
//	seat.go          what a connection does with its seat: post, leave
//	review.go        asks Options.BeforePost
//	signal.go        what a connection says that is not stored: typing, signals
//	page.go          reads what replays need, once for many joins
//	join.go          one join: the seat, the replay
//	listener.go      acts on what the application publishes
//	confirm.go       checks memberships again and again
//	subscribe.go     receives what other hubs tell of a room
//	posted.go        calls Options.Posted
//	mentioned.go     queues who is mentioned
//	registry.go      Registry: users, rooms, the way of a stored post
//	markread.go      how far a user has read, and who is told
//	mention.go       notifies who is mentioned
//	server.go        what the application itself posts, and who is in a room
//	read.go          reads the history for a client
//	new.go           puts a Registry together
package room
