package room

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/coupchat/coup/store"
)

// guarded is a Store and Members whose bugs do not take the hub with them: a
// panic comes back as an error that wraps ErrUnavailable, with its stack for the
// log.
type guarded struct {
	store   store.Store
	members store.Members
}

func contain(err *error) {
	if bug := recover(); bug != nil {
		*err = fmt.Errorf("%w: the backend panicked: %v\n%s", store.ErrUnavailable, bug, debug.Stack())
	}
}

func (g guarded) Append(ctx context.Context, msgs []store.Message) (stored []store.Message, err error) {
	defer contain(&err)
	return g.store.Append(ctx, msgs)
}

func (g guarded) History(ctx context.Context, q store.Query) (msgs []store.Message, err error) {
	defer contain(&err)
	return g.store.History(ctx, q)
}

func (g guarded) Heads(ctx context.Context, studies []store.StudyID) (heads map[store.StudyID]int64, err error) {
	defer contain(&err)
	return g.store.Heads(ctx, studies)
}

func (g guarded) SetStatus(ctx context.Context, reports []store.Status) (err error) {
	defer contain(&err)
	return g.store.SetStatus(ctx, reports)
}

func (g guarded) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) (err error) {
	defer contain(&err)
	return g.store.RenewNode(ctx, node, ttl)
}

func (g guarded) Member(ctx context.Context, study store.StudyID, user store.UserID) (role string, err error) {
	defer contain(&err)
	return g.members.Member(ctx, study, user)
}

// Roles is errors.ErrUnsupported if the backend answers for one at a time only.
func (g guarded) Roles(ctx context.Context, of []store.Membership) (roles map[store.Membership]string, err error) {
	defer contain(&err)
	batch, ok := g.members.(store.BatchMembers)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return batch.Roles(ctx, of)
}
