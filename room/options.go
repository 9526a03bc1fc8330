package room

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// Options configure a Registry. A zero value means the default.
type Options struct {
	// Store keeps messages and presence. Required.
	Store store.Store
	// Members answers who may join which study. Required. If it is a
	// store.BatchMembers, memberships are confirmed in batches.
	Members store.Members
	// Bus connects the hubs with each other and with the application. Required.
	Bus bus.Bus
	// Alone says that no other hub is on the bus. Posts are then not published, and nothing that other
	// hubs publish is heard.
	Alone bool
	// NodeID names this run of this hub. Two runs must not share one. Defaults to a
	// random name.
	NodeID store.NodeID
	// Prefix starts the names of the channels on which hubs relay messages. All
	// hubs of a deployment must have the same. Defaults to "coup:".
	//
	// It does not keep two deployments on one Redis apart: the public channels of
	// package bus have no prefix, and Redis Pub/Sub ignores the number of the database.
	// Give each deployment a Redis of its own.
	Prefix string
	// Secrets, if any, are what the hubs of a deployment share to sign what they tell each other
	// over the bus (HMAC-SHA256), so that whoever else can publish there cannot forge messages.
	// The first signs, all verify. To replace one, first add the new one as the second of all
	// hubs, then make it the first, and then drop the old one. One or two, of at least 32 bytes.
	//
	// What fails the check is dropped and counted as malformed. What is not signed, by hubs
	// without Secrets, is taken as a hint to ask the store.
	Secrets [][]byte
	// Log gets what goes wrong in the background: one line a minute of each kind, and a line
	// when the store or the bus answers again. Defaults to slog.Default().
	Log *slog.Logger

	// MaxPerUser is how many connections a user may have on this hub. Defaults to 10;
	// -1 is no limit.
	MaxPerUser int
	// Rate is how many messages a user may post a second on this hub, with bursts of
	// twice as many. Defaults to 10; -1 is no limit. Joins are limited to 10 a second
	// with bursts of 200, unless Rate is -1.
	Rate float64
	// MaxReplay is how many missed messages a join replays. Defaults to 500; -1 is no
	// limit.
	MaxReplay int
	// MaxMemory is how many bytes of messages the rooms of this hub remember, all together,
	// for clients that come back after a short time. Over that, the rooms that were used
	// least recently forget theirs; joins read them from the store then. Defaults to 64 MiB;
	// -1 is no limit.
	MaxMemory int64
	// MaxQueue is how many posts may wait to be stored, in each lane. More are refused
	// with store.ErrUnavailable. Defaults to 4096; -1 is no limit.
	MaxQueue int
	// Receipts tells the members of a study how far each of them has read, in rooms of up to 100
	// connections. Off by default.
	Receipts bool
	// Lanes is how many batches of posts may be stored at the same time. All posts of
	// a study go through one lane. Defaults to 4.
	Lanes int

	// May decides by the role of a member, as Members gave it, what that member may do. Defaults to
	// MayByDefault. A changed role counts at the latest after MemberCache. May must not block.
	May func(role string, do Action) bool
	// BeforePost sees what users want to post, and the edits of messages, before they are stored,
	// but not what Registry.Post stores. It may change the draft, or refuse it with Reject. It may
	// take 2 s; after that, and after any other error, the sender is told to try again. Calls for
	// one connection come one after the other, and 64 run at the same time.
	BeforePost func(ctx context.Context, d *Draft) error
	// Posted is called with each entry that this hub has stored, after the answer to its sender:
	// for bots and webhooks. Calls come one after the other, in the order of each study. It is
	// called once at most: what waits is lost when the hub is killed, and over 10,000 that wait
	// are left out and counted (Stats.NotTold). To miss nothing, read the log (store.Log.Entries)
	// after the seq that you have seen last, now and then and when Posted shows a gap.
	Posted func(ctx context.Context, e store.Entry)

	// CheckHeads is the gap between two comparisons of the rooms with the store.
	// Defaults to 3s; -1 is never.
	CheckHeads time.Duration
	// ReorderWait is how long a missing message may still come from the bus before it
	// is read from the store. Defaults to 50ms; -1 is no wait.
	ReorderWait time.Duration
	// StoreTimeout is the deadline of one call of Store, Members or Bus. Defaults to
	// 3s; -1 is none.
	StoreTimeout time.Duration
	// PostBudget is how long a post is tried before it is refused with
	// store.ErrUnavailable. A try that begins shortly before the end gets half a second
	// longer. Defaults to 4.5s: if the store does not answer, a sender has an answer
	// within 5 s. -1 tries once.
	PostBudget time.Duration
	// MemberCache bounds how long a user who is no longer a member may stay if no event
	// says so. A join uses cached answers that are at most half as old. The memberships
	// of all connected users are confirmed every half of it, but not more often than
	// once a second: in batches if Members is a store.BatchMembers, and otherwise one
	// user at a time. Defaults to 30s. -1 asks with every join, and in the background
	// with every post, and confirms every 15 s.
	MemberCache time.Duration
}

// setDefaults returns an error for each option that is missing or makes no sense.
func (o *Options) setDefaults() error {
	switch {
	case o.Store == nil:
		return errors.New("room: Options.Store is required")
	case o.Members == nil:
		return errors.New("room: Options.Members is required")
	case o.Bus == nil:
		return errors.New("room: Options.Bus is required")
	case o.NodeID != "" && !store.ValidNodeID(o.NodeID):
		return fmt.Errorf("room: Options.NodeID %q is not a valid id", o.NodeID)
	case len(o.Secrets) > 2:
		return errors.New("room: Options.Secrets has more than two")
	case slices.ContainsFunc(o.Secrets, func(s []byte) bool { return len(s) < 32 }):
		return errors.New("room: each of Options.Secrets must have at least 32 bytes")
	case o.Lanes < 0:
		return errors.New("room: Options.Lanes must not be negative")
	case math.IsNaN(o.Rate):
		return errors.New("room: Options.Rate must be a number")
	}
	o.NodeID = cmp.Or(o.NodeID, store.NodeID("hub-"+strings.ToLower(rand.Text())))
	o.Prefix = cmp.Or(o.Prefix, "coup:")
	o.Log = cmp.Or(o.Log, slog.Default())
	o.MaxPerUser = cmp.Or(o.MaxPerUser, 10)
	o.Rate = cmp.Or(o.Rate, 10)
	o.MaxReplay = cmp.Or(o.MaxReplay, 500)
	o.MaxMemory = cmp.Or(o.MaxMemory, 64<<20)
	o.MaxQueue = cmp.Or(o.MaxQueue, 4096)
	o.Lanes = cmp.Or(o.Lanes, 4)
	o.CheckHeads = cmp.Or(o.CheckHeads, 3*time.Second)
	o.ReorderWait = cmp.Or(o.ReorderWait, 50*time.Millisecond)
	if o.May == nil {
		o.May = MayByDefault
	}
	o.StoreTimeout = cmp.Or(o.StoreTimeout, 3*time.Second)
	o.PostBudget = cmp.Or(o.PostBudget, 4500*time.Millisecond)
	o.MemberCache = cmp.Or(o.MemberCache, 30*time.Second)
	return nil
}
