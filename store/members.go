package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/coupchat/coup/internal/batch"
)

// Members answers who may enter a study. It is separate from Store, because an
// application usually has its members elsewhere. It may be called at the same time
// from any goroutine.
type Members interface {
	// Member returns the role of user in study: "owner", "member", or any other
	// word of the application; the role may be empty. Without an error the user may
	// enter, whatever the role.
	//
	// ErrNotFound says that user is not a member, or that there is no such study.
	// Only ErrNotFound says so: a Member that reads from a database must turn
	// sql.ErrNoRows into ErrNotFound. After any other error the connections that the
	// user has in the study stay, and a user who wants to join may try again.
	//
	// Member returns soon after ctx is done.
	Member(ctx context.Context, study StudyID, user UserID) (role string, err error)
}

// MembersFunc makes a Members of a function. The function must do what
// Members.Member promises.
type MembersFunc func(ctx context.Context, study StudyID, user UserID) (string, error)

// Member calls f.
func (f MembersFunc) Member(ctx context.Context, study StudyID, user UserID) (string, error) {
	return f(ctx, study, user)
}

// A Membership names a user of a study.
type Membership struct {
	StudyID StudyID
	UserID  UserID
}

// MaxLookup is the largest number of memberships that one call of
// BatchMembers.Roles gets.
const MaxLookup = 1000

// BatchMembers is a Members that can answer for many users at once. A hub checks
// the memberships of all its connections again and again, every 15 s unless
// room.Options.MemberCache says otherwise. It calls Roles if its Members has that
// method, and otherwise Member for one user at a time.
type BatchMembers interface {
	Members
	// Roles returns the roles of the memberships in of. A membership that is missing
	// from the answer does not exist. of has 1 to MaxLookup memberships without
	// duplicates.
	//
	// After an error no membership counts as missing. An error that wraps
	// errors.ErrUnsupported makes the caller use Member instead.
	//
	// Roles may be called at the same time from any goroutine.
	Roles(ctx context.Context, of []Membership) (map[Membership]string, error)
}

// GroupedMembers is a BatchMembers for a backend that can look up many memberships
// in one query. Calls of Member at about the same time share one lookup: that
// protects the database when a hub dies and thousands of its clients join again at
// once.
type GroupedMembers struct {
	lookup  func(context.Context, []Membership) (map[Membership]string, error)
	batches *batch.Collector[Membership, string]
}

var _ BatchMembers = (*GroupedMembers)(nil)

// GroupMembers returns a GroupedMembers that calls lookup, which must do what
// BatchMembers.Roles promises. A lookup that panics, or returns ErrNotFound, counts
// as ErrUnavailable.
//
// While one lookup is under way, the next one collects. After a lookup for n calls
// of Member the next lookup waits 2 ms × n, at most 100 ms: a single call is
// answered at once, and thousands at the same time in few lookups. Roles calls
// lookup directly and waits for nothing.
//
// The context of a lookup for Member ends when no caller waits for the answer any
// more. It has none of the values of the callers' contexts.
func GroupMembers(lookup func(context.Context, []Membership) (map[Membership]string, error)) *GroupedMembers {
	g := &GroupedMembers{lookup: lookup}
	g.batches = batch.New(batch.Options[Membership, string]{Call: g.call, Max: MaxLookup})
	return g
}

// Member implements Members, by a lookup that begins after Member did.
func (g *GroupedMembers) Member(ctx context.Context, study StudyID, user UserID) (string, error) {
	role, ok, err := g.batches.Get(ctx, Membership{study, user})
	if err != nil {
		return "", err
	}
	if !ok {
		return "", ErrNotFound
	}
	return role, nil
}

// Roles implements BatchMembers. It is the lookup itself.
func (g *GroupedMembers) Roles(ctx context.Context, of []Membership) (map[Membership]string, error) {
	return g.lookup(ctx, of)
}

// call is the lookup that many calls of Member share. A panic is an error here,
// because no caller's goroutine runs the lookup.
func (g *GroupedMembers) call(ctx context.Context, of []Membership) (roles map[Membership]string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the lookup of members panicked: %v\n%s", ErrUnavailable, p, debug.Stack())
		}
	}()
	roles, err = g.lookup(ctx, of)
	if errors.Is(err, ErrNotFound) { // does not say which user, so it must remove none
		err = fmt.Errorf("%w: the lookup of members failed: %v", ErrUnavailable, err)
	}
	return roles, err
}
