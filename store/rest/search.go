package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/coupchat/coup/store"
)

var _ store.Searcher = (*Client)(nil)

// errNoSearch is the answer where the store does not search.
var errNoSearch = &problem{http.StatusNotImplemented, codeUnsupported, "search is turned off"}

// getSearch finds messages, the newest first.
func (h *Handler) getSearch(ctx context.Context, c call) (answer, error) {
	searcher, ok := h.store.(store.Searcher)
	if !ok {
		return answer{}, errNoSearch
	}
	params, err := url.ParseQuery(c.query)
	q := store.SearchQuery{StudyID: store.StudyID(params.Get("studyId")), Text: params.Get("q"), UserID: store.UserID(params.Get("userId")), Limit: 50}
	if err != nil {
		return answer{}, bad("the query is malformed")
	}
	if params.Has("before") {
		if q.Before, err = strconv.ParseInt(params.Get("before"), 10, 64); err != nil || q.Before < 1 {
			return answer{}, bad("before must be a whole number from 1")
		}
	}
	if params.Has("limit") {
		if q.Limit, err = strconv.Atoi(params.Get("limit")); err != nil || q.Limit < 1 || q.Limit > maxHistory {
			return answer{}, bad("limit must be a whole number from 1 to %d", maxHistory)
		}
	}
	if err := q.Check(); err != nil {
		return answer{}, refused("", err)
	}
	limit := q.Limit
	q.Limit++ // whether one more is found says whether there are more
	found, err := searcher.Search(ctx, q)
	if errors.Is(err, errors.ErrUnsupported) {
		return answer{}, errNoSearch
	}
	if err != nil {
		return answer{}, fmt.Errorf("search: %w", err)
	}
	found, more := cut(found, limit, false)
	b := append(appendList([]byte(`{"messages":`), found), `,"more":`...)
	return answer{http.StatusOK, append(strconv.AppendBool(b, more), '}')}, nil
}

// Search implements store.Searcher. If the service does not search, the error wraps
// errors.ErrUnsupported. More than 500 messages take several requests.
func (c *Client) Search(ctx context.Context, q store.SearchQuery) (found []store.Message, err error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	if c.noSearch.lacking() {
		return nil, fmt.Errorf("search: %w", errNotKept)
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	for more := true; more && len(found) < q.Limit; {
		params := url.Values{"studyId": {string(q.StudyID)}, "q": {q.Text}, "limit": {strconv.Itoa(min(q.Limit-len(found), maxHistory))}}
		if q.UserID != "" {
			params.Set("userId", string(q.UserID))
		}
		if q.Before > 0 {
			params.Set("before", strconv.FormatInt(q.Before, 10))
		}
		v, err := c.call(ctx, http.MethodGet, "messages/search?"+params.Encode(), nil, http.StatusOK)
		if err != nil {
			if c.noSearch.learn(err) {
				err = errNotKept
			}
			return nil, fmt.Errorf("search: %w", err)
		}
		n := len(found)
		for item := range v.field("messages").items() {
			m, err := readMessage(item, &store.Message{StudyID: q.StudyID})
			if err == nil && (m.StudyID != q.StudyID || q.Before > 0 && m.Seq >= q.Before) {
				err = fmt.Errorf("seq %d of %s was not asked for", m.Seq, m.StudyID)
			}
			if err != nil {
				return nil, fmt.Errorf("search: %w", senseless(err))
			}
			found, q.Before = append(found, m), m.Seq
		}
		more = string(v.field("more")) == "true" && len(found) > n
	}
	return found, nil
}
