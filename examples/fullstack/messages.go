package main

import (
	"math"
	"net/http"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
)

// maxHistory is how many messages one request for history returns at most.
const maxHistory = 500

// listMessages returns the newest messages, or those before a seq, or those after one, and
// whether there are more.
func (a *api) listMessages(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	before, err1 := number(r, "before", 0, 1, math.MaxInt64)
	after, err2 := number(r, "after", -1, 0, math.MaxInt64)
	limit, err3 := number(r, "limit", 50, 1, maxHistory)
	if err := first(err1, err2, err3); err != nil {
		return 0, nil, err
	}
	q := store.Query{StudyID: id, Before: before, After: max(after, 0), Limit: int(limit) + 1, Newest: after < 0}
	found, err := a.chat.History(r.Context(), q)
	if err != nil {
		return 0, nil, err
	}
	// One more than asked for says whether there are more. Seqs do not: they have holes where
	// messages were deleted.
	more := len(found) > int(limit)
	switch {
	case more && q.Newest:
		found = found[1:]
	case more:
		found = found[:limit]
	case found == nil:
		found = []store.Message{}
	}
	return http.StatusOK, map[string]any{"messages": found, "more": more}, nil
}

// addLast adds the newest message to each study of the caller.
func (a *api) addLast(r *http.Request, found []study) error {
	for i, s := range found {
		if !s.Member {
			continue
		}
		messages, err := a.chat.History(r.Context(), store.Query{StudyID: s.ID, Limit: 1, Newest: true})
		if err != nil {
			return err
		}
		if len(messages) > 0 {
			found[i].Last = &messages[0]
		}
	}
	return nil
}
