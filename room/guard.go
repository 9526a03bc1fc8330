package room

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/coupchat/coup/store"
)

// guarded is a Store and a BatchMembers that recover the panics of a backend. A panic
// becomes an error that wraps ErrUnavailable and has the stack in its text.
type guarded struct {
	store   store.Store
	members store.Members
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: the backend panicked: %v\n%s", store.ErrUnavailable, p, debug.Stack())
	}
}

func (g guarded) Append(ctx context.Context, msgs []store.Message) (stored []store.Message, err error) {
	defer recovered(&err)
	return g.store.Append(ctx, msgs)
}

func (g guarded) History(ctx context.Context, q store.Query) (msgs []store.Message, err error) {
	defer recovered(&err)
	return g.store.History(ctx, q)
}

// Entries returns the log. Where the store keeps messages only, they are the log.
func (g guarded) Entries(ctx context.Context, q store.Query) (entries []store.Entry, err error) {
	defer recovered(&err)
	if log, ok := g.store.(store.Log); ok {
		return log.Entries(ctx, q)
	}
	return g.store.History(ctx, q)
}

// keeps reports whether the store may keep entries of every kind. Over REST the answer of the
// service decides.
func (g guarded) keeps() bool {
	_, ok := g.store.(store.Log)
	return ok
}

// keepsReads reports whether the store may keep what users have read.
func (g guarded) keepsReads() bool {
	_, ok := g.store.(store.Reads)
	return ok
}

// MarkRead and ReadStates return errors.ErrUnsupported if the store is no store.Reads.
func (g guarded) MarkRead(ctx context.Context, marks []store.ReadMark) (err error) {
	defer recovered(&err)
	r, ok := g.store.(store.Reads)
	if !ok {
		return errors.ErrUnsupported
	}
	return r.MarkRead(ctx, marks)
}

func (g guarded) ReadStates(ctx context.Context, of []store.Membership) (states []store.ReadState, err error) {
	defer recovered(&err)
	r, ok := g.store.(store.Reads)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return r.ReadStates(ctx, of)
}

// forget returns what drops the buffers of the store, or nil.
func (g guarded) forget() func() error {
	f, ok := g.store.(store.Forgetter)
	if !ok {
		return nil
	}
	return func() (err error) {
		defer recovered(&err)
		f.Forget()
		return nil
	}
}

func (g guarded) Heads(ctx context.Context, studies []store.StudyID) (heads map[store.StudyID]int64, err error) {
	defer recovered(&err)
	return g.store.Heads(ctx, studies)
}

func (g guarded) SetStatus(ctx context.Context, reports []store.Status) (err error) {
	defer recovered(&err)
	return g.store.SetStatus(ctx, reports)
}

func (g guarded) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) (err error) {
	defer recovered(&err)
	return g.store.RenewNode(ctx, node, ttl)
}

func (g guarded) Member(ctx context.Context, study store.StudyID, user store.UserID) (role string, err error) {
	defer recovered(&err)
	return g.members.Member(ctx, study, user)
}

// Roles returns errors.ErrUnsupported if the backend is no store.BatchMembers.
func (g guarded) Roles(ctx context.Context, of []store.Membership) (roles map[store.Membership]string, err error) {
	defer recovered(&err)
	batch, ok := g.members.(store.BatchMembers)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return batch.Roles(ctx, of)
}
