package main

import (
	"errors"
	"math"
	"net/http"
	"strings"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
)

// searchMessages returns the messages of a study that have the words of q, the newest first, and
// whether there are more.
func (a *api) searchMessages(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	before, err1 := number(r, "before", 0, 1, math.MaxInt64)
	limit, err2 := number(r, "limit", 50, 1, maxHistory)
	if err := first(err1, err2); err != nil {
		return 0, nil, err
	}
	q := store.SearchQuery{StudyID: id, Text: strings.TrimSpace(r.URL.Query().Get("q")), Before: before, Limit: int(limit) + 1}
	if err := q.Check(); err != nil {
		return 0, nil, badRequest("q must have 1 to 100 characters")
	}
	searcher, ok := a.chat.(store.Searcher)
	if !ok || !a.search {
		return 0, nil, errNoSearch
	}
	found, err := searcher.Search(r.Context(), q)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return 0, nil, errNoSearch
	case err != nil:
		return 0, nil, err
	}
	more := len(found) > int(limit)
	if more {
		found = found[:limit]
	}
	return http.StatusOK, map[string]any{"messages": append([]store.Message{}, found...), "more": more}, nil
}
