package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A Membership names a user of a study.
type Membership struct {
	StudyID StudyID
	UserID  UserID
}

// MaxLookup is the largest number of memberships that BatchMembers is asked for at
// once.
const MaxLookup = 1000

// BatchMembers is a Members that can answer for many users at once. A hub confirms
// the memberships of everybody who is connected, every 15 s unless
// room.Options.MemberCache says otherwise: it asks in batches where it can, and
// about one user at a time where not.
type BatchMembers interface {
	Members
	// Roles returns the roles of those memberships that there are; who is missing is
	// not a member. It gets from 1 to MaxLookup memberships, no two the same. An error
	// says nothing about any of them; one that wraps errors.ErrUnsupported has the
	// caller ask Member instead. It may be called at the same time from any goroutine.
	Roles(ctx context.Context, of []Membership) (map[Membership]string, error)
}

// GroupedMembers is a BatchMembers for backends that can look up many memberships in
// one query: calls that come together share one. When thousands of connections
// come back at once, after a hub has died, that is what keeps the database up.
type GroupedMembers struct {
	lookup func(context.Context, []Membership) (map[Membership]string, error)

	mu   sync.Mutex // guards next, busy, what next asks, and waiting of all groups
	next *lookupGroup
	busy bool
}

var _ BatchMembers = (*GroupedMembers)(nil)

// A lookupGroup is who shares a lookup.
type lookupGroup struct {
	ctx     context.Context // of the lookup; ends with it, or when nobody waits any more
	cancel  context.CancelFunc
	asked   map[Membership]struct{} // fixed once it is not next any more
	waiting int
	done    chan struct{}
	roles   map[Membership]string // set before done is closed, and so is err
	err     error
}

// GroupMembers returns a Members that asks lookup, which does what Roles of
// BatchMembers promises, for all callers of Member that come together. (Calls of
// Roles go to it as they are, beside those.) Its context
// ends when nobody waits for the answer any more, and carries none of the callers'
// values.
//
// While one lookup is under way, and somebody waits for it, the next collects. One
// of n has the next wait 2 ms × n, at most 100 ms: a single caller is served at
// once, a herd in few lookups.
func GroupMembers(lookup func(context.Context, []Membership) (map[Membership]string, error)) *GroupedMembers {
	return &GroupedMembers{lookup: lookup}
}

// Member implements Members, by a lookup that begins after Member did.
func (g *GroupedMembers) Member(ctx context.Context, study StudyID, user UserID) (string, error) {
	m := Membership{study, user}
	group := g.join(m)
	select {
	case <-group.done:
	case <-ctx.Done():
		g.leave(group)
		return "", ctx.Err()
	}
	if group.err != nil {
		return "", group.err
	}
	role, ok := group.roles[m]
	if !ok {
		return "", ErrNotFound
	}
	return role, nil
}

// Roles implements BatchMembers: it is the lookup itself.
func (g *GroupedMembers) Roles(ctx context.Context, of []Membership) (map[Membership]string, error) {
	return g.lookup(ctx, of)
}

// join adds a membership to what is looked up next.
func (g *GroupedMembers) join(m Membership) *lookupGroup {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &lookupGroup{asked: map[Membership]struct{}{}, done: make(chan struct{})}
		g.next.ctx, g.next.cancel = context.WithCancel(context.Background())
	}
	g.next.asked[m] = struct{}{}
	g.next.waiting++
	if !g.busy {
		g.busy = true
		go g.serve()
	}
	return g.next
}

// leave gives up waiting.
func (g *GroupedMembers) leave(group *lookupGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if group.waiting--; group.waiting > 0 {
		return
	}
	group.cancel()
	if g.next == group { // nobody is to join it any more
		g.next = nil
	}
}

// serve looks up who has asked, and comes again after a pause until there is
// nobody.
func (g *GroupedMembers) serve() {
	g.mu.Lock()
	group := g.next
	g.next, g.busy = nil, group != nil
	g.mu.Unlock()
	if group == nil {
		return
	}
	go g.answer(group)
	// At its end, or when nobody waits for it any more: a lookup that hangs holds up
	// those who have asked for it, and nobody else.
	<-group.ctx.Done()
	time.AfterFunc(min(time.Duration(len(group.asked))*2*time.Millisecond, 100*time.Millisecond), g.serve)
}

// answer looks one group up, which nobody joins any more. A bug in the lookup is an error like others.
func (g *GroupedMembers) answer(group *lookupGroup) {
	defer group.cancel()
	defer close(group.done)
	defer func() {
		if bug := recover(); bug != nil {
			group.err = fmt.Errorf("%w: the lookup of members panicked: %v\n%s", ErrUnavailable, bug, debug.Stack())
		}
	}()
	group.roles = map[Membership]string{}
	for part := range slices.Chunk(slices.Collect(maps.Keys(group.asked)), MaxLookup) {
		roles, err := g.lookup(group.ctx, part)
		if errors.Is(err, ErrNotFound) { // of whom? Nobody is put out for it
			err = fmt.Errorf("%w: the lookup of members failed: %v", ErrUnavailable, err)
		}
		if err != nil {
			group.err = err
			return
		}
		maps.Copy(group.roles, roles)
	}
}
