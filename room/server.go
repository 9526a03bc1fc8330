package room

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coupchat/coup/internal/commit"
	"github.com/coupchat/coup/store"
)

// Post stores an entry for the application, and delivers it to the room as if a user had posted it:
// a message of a bot, an edit, a deletion or a reaction. Nobody checks whether its user is a member
// and may do that, and no rate counts. An edit or deletion of another user's message needs
// e.Any. With a client id it is safe to call Post again after an error.
//
// It returns what was stored, or an error: that of store.Entry.Clean, that of store.Entry.Err,
// errors.ErrUnsupported if the store keeps messages only, or one that wraps store.ErrUnavailable,
// also if ctx ends before the answer is there.
func (g *Registry) Post(ctx context.Context, e store.Entry) (store.Entry, error) {
	if e.ClientID != "" && !store.ValidClientID(e.ClientID) {
		return store.Entry{}, errClientID
	}
	if err := e.Clean(); err != nil {
		return store.Entry{}, err
	}
	if !e.Plain() && !g.shared.store.keeps() {
		return store.Entry{}, errors.ErrUnsupported
	}
	if e.ClientID == "" {
		e.ClientID = store.NewClientID()
	}
	type answer struct {
		e   store.Entry
		err error
	}
	done := make(chan answer, 1)
	err := g.shared.posts.Add(commit.Post[Conn]{Message: &e, Done: func(e store.Entry, err error) { done <- answer{e, err} }})
	if err != nil {
		return store.Entry{}, err
	}
	select {
	case a := <-done:
		return a.e, a.err
	case <-ctx.Done():
		return store.Entry{}, fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err())
	}
}

// Who returns the users who are in a study, on all hubs, in the order of their names: at most 200 of
// count. It waits for the answers of the other hubs, for about a second if nobody here has asked
// before. The error is that of ctx, or one that wraps store.ErrInvalid or ErrClosed.
func (g *Registry) Who(ctx context.Context, study store.StudyID) (users []OnlineUser, count int, err error) {
	if !store.ValidID(study) {
		return nil, 0, fmt.Errorf("%w: studyId is not a valid id", store.ErrInvalid)
	}
	r, err := g.acquire(study)
	if err != nil {
		return nil, 0, err
	}
	defer g.release(r)
	var wait time.Duration
	r.inbox.call(func() { wait = r.ask() })
	defer r.inbox.call(func() { r.roster.watchers-- })
	if wait > 0 && !g.shared.opts.Alone {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	r.inbox.call(func() { users, count = r.roster.online(), r.roster.count() })
	return users, count, nil
}
