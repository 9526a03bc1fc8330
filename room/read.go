package room

import (
	"context"
	"errors"
	"fmt"

	"github.com/coupchat/coup/internal/page"
	"github.com/coupchat/coup/store"
)

// The messages that one call of History returns.
const (
	defaultHistory = 50
	maxHistory     = 200
)

// A HistoryRequest says which messages of a study a connection reads.
type HistoryRequest struct {
	Conn    Conn
	StudyID store.StudyID
	// After and Before are seqs that bound the messages. 0 is no bound. With HasAfter the oldest
	// ones are returned, else the newest.
	After, Before int64
	HasAfter      bool
	// Limit is the largest number of messages, 200 at most. 0 is 50.
	Limit int
}

// A Page is what History returns.
type Page struct {
	// Messages are as they are now, in order. There is less than 256 KiB of them, or one.
	Messages []store.Message
	// More says that others match too.
	More bool
	// Seq is the newest seq of the study, read before the messages.
	Seq int64
}

// History reads messages of a study. The user must be a member, and need not have joined. It counts
// as a join toward the limit for joins.
//
// The error is ErrForbidden, a *RateError, or one that wraps store.ErrInvalid or
// store.ErrUnavailable.
func (g *Registry) History(ctx context.Context, req HistoryRequest) (Page, error) {
	q := store.Query{StudyID: req.StudyID, After: req.After, Before: req.Before, Limit: req.Limit, Newest: !req.HasAfter}
	switch {
	case !store.ValidID(req.StudyID):
		return Page{}, fmt.Errorf("%w: studyId is not a valid id", store.ErrInvalid)
	case q.Limit < 0 || q.Limit > maxHistory:
		return Page{}, fmt.Errorf("%w: limit must be a whole number from 1 to %d", store.ErrInvalid, maxHistory)
	case q.Limit == 0:
		q.Limit = defaultHistory
	}
	user := g.users.get(req.Conn.User())
	if err := user.limits.join(g.shared.now(), g.shared.opts.Rate); err != nil {
		return Page{}, err
	}
	out, err := readHistory(ctx, g, store.Membership{StudyID: req.StudyID, UserID: user.id}, q)
	if err != nil && !errors.Is(err, ErrForbidden) {
		err = unavailable(err)
	}
	return out, err
}

func readHistory(ctx context.Context, g *Registry, m store.Membership, q store.Query) (out Page, err error) {
	if _, err = g.shared.members.Check(ctx, m); err != nil {
		return out, err
	}
	if out.Seq, err = g.heads.read(ctx, m.StudyID); err != nil {
		return out, err
	}
	limit := q.Limit
	q.Limit++ // whether one more is found says whether there are more
	found, err := g.shared.store.History(ctx, q)
	if err != nil {
		return out, err
	}
	out.Messages, out.More = page.Cut(found, limit, pageBytes, q.Newest, func(m *store.Message) int { return int((&Event{Message: *m}).size()) })
	return out, nil
}
