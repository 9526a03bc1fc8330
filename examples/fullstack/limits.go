package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A limit is a flag for an option of the hub or of its rooms. 0 is the default of the
// library, and -1 turns it off, as in hub.Options and room.Options.
type limit struct {
	name, usage string
	count       *int
	duration    *time.Duration
}

// limits returns the flags of all limits. They set options of c.
func (c *config) limits() []limit {
	h, r := &c.hub, &c.room
	return []limit{
		{name: "auth-timeout", duration: &h.AuthTimeout, usage: "how long a client has to authenticate (10s)"},
		{name: "ping-every", duration: &h.PingEvery, usage: "gap between pings (25s)"},
		{name: "pong-timeout", duration: &h.PongTimeout, usage: "how long a client may be silent (35s)"},
		{name: "close-timeout", duration: &h.CloseTimeout, usage: "how long a client has to answer a close frame (2s)"},
		{name: "write-timeout", duration: &h.WriteTimeout, usage: "how long a client may read nothing although data waits (5s)"},
		{name: "max-message", count: &h.MaxMessage, usage: "bytes of one message of a client (65536)"},
		{name: "max-first", count: &h.MaxFirst, usage: "bytes of one message of a client that has not authenticated (16384)"},
		{name: "max-frames", count: &h.MaxFrames, usage: "frames of one message of a client (64)"},
		{name: "max-queue", count: &h.MaxQueue, usage: "bytes that may wait for one client (1048576)"},
		{name: "send-buffer", count: &h.SendBuffer, usage: "bytes that the system buffers for one client (131072)"},
		{name: "max-connections", count: &h.MaxConnections, usage: "connections of one hub (no limit)"},
		{name: "max-unauthenticated", count: &h.MaxUnauthenticated, usage: "connections that have not authenticated (5000)"},
		{name: "max-accepts", count: &h.MaxAccepts, usage: "new connections a second (1000)"},
		{name: "max-per-address", count: &h.MaxPerAddress, usage: "connections of one remote address (no limit)"},
		{name: "max-rooms", count: &h.MaxRooms, usage: "rooms of one connection (200)"},
		{name: "max-refused", count: &h.MaxRefused, usage: "refused requests before a connection is closed (100)"},

		{name: "max-per-user", count: &r.MaxPerUser, usage: "connections of one user (10)"},
		{name: "max-replay", count: &r.MaxReplay, usage: "missed messages that a join replays (500)"},
		{name: "max-posts", count: &r.MaxQueue, usage: "posts that may wait to be stored, in each lane (4096)"},
		{name: "lanes", count: &r.Lanes, usage: "batches of posts that are stored at the same time (4)"},
		{name: "check-heads", duration: &r.CheckHeads, usage: "gap between comparisons of the rooms with the store (3s)"},
		{name: "reorder-wait", duration: &r.ReorderWait, usage: "how long a missing message may still come from the bus (50ms)"},
		{name: "store-timeout", duration: &r.StoreTimeout, usage: "deadline of one call of the store or the bus (3s)"},
		{name: "post-budget", duration: &r.PostBudget, usage: "how long a post is tried (4.5s)"},
		{name: "member-cache", duration: &r.MemberCache, usage: "how long a lost membership may go unnoticed (30s)"},
	}
}

// define adds the flag of a limit, whose default is in brackets in its usage.
func (l limit) define(fs *flag.FlagSet) {
	fs.Func(l.name, l.usage+"; -1: off", func(s string) error {
		if l.count != nil {
			n, err := strconv.Atoi(s)
			if err != nil || n < -1 {
				return fmt.Errorf("want a whole number, 0 for the default or -1 for off")
			}
			*l.count = n
			return nil
		}
		if s == "-1" {
			*l.duration = -1
			return nil
		}
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return fmt.Errorf("want a duration such as 5s, 0 for the default or -1 for off")
		}
		*l.duration = d
		return nil
	})
}

// variable returns the name of the environment variable of a limit.
func (l limit) variable() string {
	return "COUP_" + strings.ToUpper(strings.ReplaceAll(l.name, "-", "_"))
}
