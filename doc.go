// Package coup is realtime chat for study groups: a library that a Go server
// embeds. A study is a group that chats. It has members, a log of messages, and a
// counter that numbers the messages; other products call it a channel or a room.
//
// A [Server] is an http.Handler. Browsers chat over WebSocket, see the messages of
// all hubs, and get what they missed when they reconnect.
//
// # Words
//
//	study       the group that chats: members, a log, a counter (seq)
//	room        a study that has connections on this hub
//	connection  one client's open line; room.Conn to a room, a session in package hub
//	member      a user who may enter a study, and nothing else
//	seat        one connection in one room
//	message     an item of a study's log
//	seq         the number of a message in its study: 1, 2, 3 and so on without gaps
//	head        the newest seq of a study
//	gap         seqs that the bus did not bring, and that are read from the store
//	replay      the messages that a client gets when it joins with after
//	hub         the part that serves connections, and a process that runs it
//	node        the id of one run of a hub in the store
//	lease       how long the store believes the presence reports of a node
//	relay       what hubs tell each other over the bus
//	dialect     how events are written for one client protocol
//
// # Layers
//
// A package imports only what stands below it.
//
//	 browsers, phones                          other services
//	      | WebSocket                               | HTTP, internal
//	+-----v-----------------------------------------v--------+
//	| coup       assembles a server from Options             |
//	+-----------------------------------------+--------------+
//	| hub        connections, sessions,       | store/rest   |
//	|            one dialect per protocol     | both ends of |
//	|   auth · internal/{ws,poll,native,json} | the internal |
//	|                                         | API          |
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
// # The way of a post
//
//	bytes of a client       internal/poll reads them, internal/ws makes a message
//	→ session               hub/read.go
//	→ request               internal/native decodes it, hub/requests.go handles it
//	→ seat                  room/seat.go checks it and its rate
//	→ batch                 internal/commit collects posts while one batch is stored
//	→ store.Store.Append    gives the seq, in the transaction of the insert
//	→ ack                   hub/requests.go sends it, before any delivery
//	→ room                  room/registry.go puts it into the inbox of the room
//	→ other hubs            internal/relay publishes it on the bus
//
// # The way of a delivery
//
//	bus                     internal/relay receives what another hub stored
//	→ inbox of the room     room/inbox.go runs one item at a time
//	→ order                 room/timeline.go sorts by seq and drops repeats;
//	                        room/gap.go reads what is missing from the store
//	→ connections           room/room.go calls Deliver of each; hub/deliver.go
//	                        gets the bytes, which internal/native encoded once
//	→ socket                hub/outbox.go writes, and queues what the socket
//	                        does not take
//
// A hub delivers its own posts without the bus. Every few seconds it compares the
// heads of its rooms with those in the store (room/heads.go), so that it also finds
// the last message before a silence.
//
// # Packages to import
//
//	coup            coup.go: a Server from Options, and its Shutdown
//	auth            Verifier and Identity: the user of a token
//	auth/jwt        a Verifier of JSON Web Tokens, and a Signer
//	bus             the Bus interface, the public channels, and a bus in memory
//	bus/redis       a Bus over Redis Pub/Sub: single server, Sentinel, Cluster
//	bus/bustest     tests for any Bus
//	hub             connections: handshake, sessions, events, limits, drain
//	hub/prom        the figures of hub and rooms for Prometheus
//	room            the rules: join, post, order, catch up, announcements
//	store           the Store and Members interfaces, messages, and a store in
//	                memory (memory.go); validate.go has the limits of ids and texts,
//	                members.go the lookups of many memberships
//	store/postgres  a Store in Postgres
//	store/sqlite    a Store in a SQLite file
//	store/rest      a Store over the internal API, and a handler that serves one
//	store/storetest tests for any Store
//
// # Files of package hub
//
//	hub.go           Hub: knows its sessions; New
//	options.go       Options and their defaults
//	accept.go        the handshake: ServeHTTP, how many connections are taken
//	origin.go        which pages may connect
//	session.go       one connection: its state, its seats, its deadlines, its end
//	read.go          bytes of a client become messages; pings, breaches, panics
//	requests.go      join_room, leave_room, send_message, and their acks
//	authenticate.go  the first authenticate, and renewals
//	errors.go        how an error becomes an answer with a code
//	meter.go         counts refused requests and new connections
//	deliver.go       events of rooms on their way to one client
//	dialect.go       what a client protocol must be able to read and write
//	outbox.go        the only writer of a socket, and its bounded queue
//	wheel.go         wakes sessions when a deadline comes
//	drain.go         Shutdown
//	stats.go         the figures
//
// # Files of package room
//
// The package comment of room lists them in order: each uses only those before
// it. Where to look:
//
//	seat.go, limit.go            what a connection may post, and how fast
//	inbox.go, room.go            one goroutine at a time runs what happens in a room
//	timeline.go                  order by seq, repeats, recent messages, replay
//	gap.go, heads.go             find and read what is missing in the store
//	join.go, recent.go           a join and its replay
//	listener.go, announcement.go notifications and study events from the bus
//	confirm.go                   memberships, checked again and again
//	users.go, idcache.go         connections of a user; notifications delivered
//	event.go                     events, and their encoding once per dialect
//	registry.go, new.go          all rooms of a hub, from New to Close
//
// # Files of package store and its drivers
//
//	store.go        the Store interface and its errors
//	members.go      the Members interface, lookups of many memberships at once
//	message.go      ids, Message, Query, the form of times
//	presence.go     Status and Presence
//	clientid.go     client ids that a hub makes
//	validate.go     the limits of ids, names and contents
//	memory.go       a Store in memory
//
// A driver has a file with its name (Open, Options), append.go, and what only it
// needs: store/postgres/dial.go ends connections that have gone silent,
// store/sqlite/batch.go collects appends. The package comment of store/rest lists its files:
// client*.go call the internal API, handler.go, route.go and handle_*.go serve it.
//
// # Files of package bus/redis
//
//	redis.go, url.go          New, Close, Options, what the URL says
//	publish.go                Publish, split by server
//	subscription.go           Subscribe, and the handlers of each channel
//	inbox.go                  received payloads that wait for their handlers
//	node.go, connection.go    one server and the connection that subscribes
//	table.go                  which server a channel is on
//	sentinel.go               asks the sentinels for the master
//	cluster.go, slot.go       the masters of a cluster and their slots
//	probe.go                  Ping: a payload that must come back
//
// # Packages under internal
//
//	commit      stores posts in batches: commit.go what others call, lane.go one
//	            lane, which keeps the order of a study, and retries
//	membership  asks who is a member; cache.go keeps the answers
//	presence    reports who is online; lease.go renews the lease of the node
//	relay       tells other hubs what was stored: payload.go the format, queue.go
//	            what waits to be published, watch.go pings of the bus
//	work        the goroutines, deadlines and end of one owner
//	batch       collects questions while a call is under way
//	json        reader.go and scan.go the strict reader, string.go its strings,
//	            writer.go the writer
//	native      the native dialect: request.go decodes requests, reply.go writes
//	            acks and errors, native.go writes events
//	ws          WebSocket (RFC 6455): upgrade.go the handshake, reader.go messages
//	            from bytes and their limits, frame.go frames to write, ws.go codes
//	poll        many sockets with few goroutines: sets_linux.go and stream_linux.go
//	            use epoll, pump.go a goroutine per connection elsewhere
//	sqlstore    what the SQL stores share: history.go, presence.go, migrate.go, and
//	            sweep.go, which removes reports of nodes that have ended
//
// For tests only: testenv starts servers, wstest is a WebSocket client, faults breaks
// a whole deployment, imports checks the structure, browser drives Chromium.
// browser and tools (staticcheck) are modules of their own. Package scripts/gotest runs
// the tests, scripts/mutants seeds bugs for them to find, scripts/perf measures a
// hub.
//
// # Programs
//
// examples/fullstack is a page, a business server and a hub, in one process or
// several: config.go has flags, services.go starts and stops, business.go and
// signaling.go put the two roles together, api.go and the files of its verbs
// (login.go, membership.go, messages.go) are the sample API, studies.go is its
// table of members, web/assets is the page. examples/embedded is a hub in one small
// program.
package coup
