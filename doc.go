// Package coup is realtime chat for study groups: a library that a Go server
// embeds. A study is a group that chats. It has members, a log of messages, and a
// number for each message; other products call it a channel or a room.
//
// A [Server] is an http.Handler. Browsers chat over WebSocket, see the messages of
// all hubs, and get what they missed when they reconnect.
//
// # Words
//
//	study       the group that chats: members, and a log of numbered messages
//	room        a study that has connections on this hub
//	connection  one client's open socket. Package room calls it a Conn; package hub
//	            keeps its state in a session
//	member      a user who may enter a study, connected or not
//	seat        one connection in one room; a connection has a seat in each room that
//	            it has joined
//	message     an item of a study's log
//	seq         the number of a message in its study: 1, 2, 3 and so on without gaps
//	head        the newest seq of a study
//	gap         messages that a hub lacks because the bus did not bring them; it reads
//	            them from the store
//	replay      the missed messages that a client gets when it joins with the field
//	            "after", the last seq that it has
//	presence    which users are online; each hub reports its own users to the store
//	notification a short text for some users, which is not stored
//	study event something that happened to a study or a member, such as a kick
//	announcement a notification or a study event, as the application publishes it
//	hub         a process that serves connections, and the type hub.Hub in it
//	node        the id by which the store knows one run of a hub
//	lease       until when the presence reports of a node count
//	batch       several posts, reports or questions in one call
//	business server the application's own service, with the database; in
//	            examples/fullstack it is the role api
//	relay       what hubs tell each other over the bus
//	dialect     how events are written for one client protocol
//
// # Layers
//
// A package imports only packages below it, or inside its own box. Those inside a box
// are packages too. store/rest is in two boxes: its handler serves a store over HTTP,
// and its client is a store over HTTP.
//
//	 browsers, phones                          other services
//	      | WebSocket, Socket.IO                    | HTTP, internal
//	+-----v-----------------------------------------v--------+
//	| coup       assembles a server from Options             |
//	+-----------------------------------------+--------------+
//	| hub        connections, sessions,       | store/rest   |
//	|            one dialect per protocol     | both ends of |
//	|   auth · internal/{ws,poll,native,eio,  | the internal |
//	|                    socketio,json}       | API          |
//	+-----------------------------------------+              |
//	| room       join, post, deliver, catch up               |
//	|   internal/{commit,membership,presence,relay}          |
//	+--------------------+-----------------------------------+
//	| bus                | store                             |
//	| redis, memory      | postgres, sqlite, rest, memory    |
//	+--------------------+-----------------------------------+
//
// The store is the truth; the bus is a hint. A post is acknowledged when it is
// stored, whether the bus works or not. A hub reads from the store what the bus
// does not bring.
//
// # The path of a post
//
//	bytes of a client       internal/poll reads them, internal/ws finds the text messages
//	→ session               hub/read.go
//	→ request               internal/native decodes it, hub/requests.go handles it
//	→ seat                  room/seat.go checks it and its rate
//	→ batch                 internal/commit collects posts while one batch is stored
//	→ store.Store.Append    gives the seq, in the transaction of the insert
//	→ ack                   hub/requests.go sends it, before any delivery
//	→ room                  then internal/commit calls room/registry.go, which puts
//	                        the message into the inbox of the room
//	→ other hubs            internal/relay publishes it on the bus
//
// # The path of a delivery
//
//	bus                     internal/relay receives what another hub stored
//	→ inbox of the room     room/inbox.go runs one item at a time
//	→ order                 room/timeline.go sorts by seq and drops repeats;
//	                        room/gap.go reads what is missing from the store
//	→ connections           room/room.go calls Deliver on each connection; hub/deliver.go
//	                        gets the bytes, encoded once for all connections
//	→ socket                hub/outbox.go writes, and queues what the socket
//	                        does not accept at once
//
// A hub delivers its own posts without the bus. Every few seconds it compares the
// heads of its rooms with those in the store (room/heads.go). So it also finds a missed
// message after which no other message comes.
//
// # Packages to import
//
//	coup            coup.go: a Server from Options, and its Shutdown
//	auth            Verifier, Identity (the user of a token), Refusal and Rechecker
//	auth/jwt        a Verifier of JSON Web Tokens, and a Signer
//	bus             bus.go the Bus interface and the names of the public Redis
//	                channels, memory.go a bus in memory
//	bus/redis       a Bus over Redis Pub/Sub: single server, Sentinel, Cluster
//	bus/bustest     tests for any Bus: delivery.go, subscription.go, closing.go
//	hub             connections: handshake, sessions, events, limits, drain
//	hub/prom        the metrics of hub and rooms for Prometheus (figures.go lists them)
//	room            the rules: join, post, order, catch up, announcements
//	store           the Store and Members interfaces, messages, and a store in
//	                memory (memory.go); validate.go has the limits of ids and texts,
//	                members.go looks up many memberships in one call
//	store/postgres  a Store in Postgres
//	store/sqlite    a Store in a SQLite file
//	store/rest      a Store over the internal API, and a handler that serves one
//	store/storetest tests for any Store: append.go, history.go, presence.go, bench.go …
//
// # Files of package hub
//
//	hub.go           Hub: knows its sessions; New
//	options.go       Options and their defaults
//	accept.go        the handshake: ServeHTTP, how many connections are accepted
//	origin.go        which pages may connect
//	session.go       one connection: its state, its seats, its deadlines, its end
//	read.go          bytes of a client become messages; pings, violations of the protocol, panics
//	requests.go      join_room, leave_room, and their acks
//	entries.go       send_message, edit_message, delete_message, react
//	history.go       get_history
//	reads.go         mark_read
//	live.go          typing, signal
//	authenticate.go  the first authenticate, and renewals
//	recheck.go       asks an auth.Rechecker about all sessions
//	errors.go        how an error becomes an answer with a code
//	meter.go         the counters behind the limits MaxRefused and MaxAccepts
//	deliver.go       events of rooms on their way to one client
//	dialect.go       what a client protocol must be able to read and write
//	outbox.go        the only writer of a socket, and its bounded queue
//	wheel.go         wakes sessions when a deadline comes
//	drain.go         Shutdown: no new connections, then the end of all others
//	stats.go         Stats, the metrics of a hub
//
// # Files of package room
//
// The package comment of room lists all files in their order: each uses only files before
// it. By topic:
//
//	seat.go, limit.go            what a connection may post, and how fast
//	inbox.go, room.go            what happens in a room runs one after another
//	timeline.go                  order by seq, repeats, recent messages, replay
//	gap.go, heads.go             find and read what is missing in the store
//	join.go, kept.go, page.go    a join and its replay
//	listener.go, announcement.go notifications and study events from the bus
//	confirm.go                   checks memberships periodically
//	users.go                     the connections of each user
//	idcache.go                   remembers the ids of delivered notifications
//	event.go                     events, and their encoding once per dialect
//	roster.go, watch.go          who is in a room, on all hubs
//	deliverlive.go, signal.go    what is not stored
//	marks.go, markread.go        what users have read
//	may.go, review.go, posted.go what the application allows, reviews and is told
//	registry.go, new.go          all rooms of a hub, from New to Close
//
// # Files of package store and its drivers
//
//	store.go        the Store interface and its errors
//	members.go      the Members interface, and many memberships in one call
//	message.go      ids, Message, Query, the time format
//	presence.go     Status and Presence
//	clientid.go     client ids that a hub makes
//	validate.go     the limits of ids, names and contents
//	entry.go, log.go  Entry and its kinds, and a Store that keeps all of them
//	reads.go, erase.go  what else a Store may do
//	memory*.go      a Store in memory; memorypage.go has its pages
//
// A driver has a file with its name (Open, Options), store.go, append.go with the
// statements of Append, and files that only this driver needs: store/sqlite/batch.go stores
// the messages of one Append. In store/postgres, connector.go makes connections and notices
// poolers, dial.go ends those to a database that does not answer, statement.go runs a
// statement, role.go drops servers that take no writes, probe.go and schema.go check the
// database. The package comment of store/rest lists its files:
// client.go, client_messages.go and client_presence.go call the internal API; handler.go,
// route.go, handle_messages.go, handle_presence.go and handle_studies.go serve it; wire.go and
// value.go write and read its JSON.
//
// # Files of package bus/redis
//
//	redis.go, url.go          New, Close, Options, what the URL says
//	publish.go                Publish, split by server
//	subscription.go           Subscribe, and the handlers of each channel
//	inbox.go                  received payloads that wait for their handlers
//	node.go, connection.go    one Redis server and the connection that subscribes
//	table.go                  which server a channel is on
//	sentinel.go               asks the sentinels for the master
//	cluster.go, slot.go       the masters of a cluster and their slots
//	probe.go                  Ping: a payload that must come back
//
// # Packages under internal
//
//	commit      stores posts in batches: commit.go the API and retries, lane.go one lane,
//	            which stores the posts of some studies, one batch at a time
//	membership  asks who is a member; cache.go keeps the answers
//	presence    reports who is online; lease.go renews the lease of the node
//	relay       tells other hubs what was stored: payload.go the format, queue.go
//	            what waits to be published, watch.go pings the bus
//	work        starts and stops the goroutines of one component, and bounds its calls
//	batch       joins single questions into one call
//	json        reader.go reads values strictly, scan.go numbers, spaces and duplicate
//	            keys, string.go strings; writer.go writes
//	native      the native dialect: request.go decodes requests, reply.go writes
//	            acks, errors, pings and closes, native.go writes events
//	ws          WebSocket (RFC 6455): upgrade.go the handshake, reader.go messages
//	            from bytes and their limits, frame.go frames to write, ws.go codes
//	poll        many sockets with few goroutines: sets_linux.go and stream_linux.go
//	            use epoll, table_linux.go finds streams by descriptor, pump.go is a
//	            goroutine per connection elsewhere
//	sqlstore    the SQL of both SQL stores and the rows that it returns: history.go
//	            (messages, heads), presence.go, migrate.go, and sweep.go, which deletes
//	            the reports of nodes that have ended
//
// Package auth/jwt: jwt.go is the Verifier, token.go parses a token, claims.go checks its
// claims, key.go has the keys, choose.go finds the key of a token, reason.go says why one is
// refused, sign.go is the Signer.
//
// For tests only: testenv starts servers (process.go and signal.go any process, port.go
// its port, forward.go an address that moves, postgres*.go, pgbouncer.go, redis*.go), wstest is a WebSocket client, faults breaks
// a whole deployment, imports checks the structure, browser drives Chromium.
// browser and tools (staticcheck) are modules of their own. Package scripts/gotest runs
// the tests, scripts/mutants puts bugs into the code for them to find, scripts/perf measures a
// hub.
//
// # Programs
//
// examples/fullstack is a page, a business server and a hub, in one process or several: config.go has flags, services.go starts and stops, business.go and
// signaling.go start the two roles (api, signaling), api.go and the files of its endpoints
// (login.go, membership.go, messages.go) are the sample API, studies.go is its
// table of members, web/assets is the page. examples/embedded is a hub in one small
// program.
package coup
