package rest

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	q := store.SearchQuery{StudyID: store.StudyID(params.Get("studyId")), Text: params.Get("q"), UserID: store.UserID(params.Get("userId"))}
	if err != nil {
		return answer{}, bad("the query is malformed")
	}
	if q.Before, err = number(params, "before", 1, math.MaxInt64, 0); err != nil {
		return answer{}, err
	}
	limit, err := number(params, "limit", 1, maxHistory, 50)
	if err != nil {
		return answer{}, err
	}
	q.Limit = int(limit) + 1 // whether one more is found says whether there are more
	if err := q.Check(); err != nil {
		return answer{}, refused("", err)
	}
	found, err := searcher.Search(ctx, q)
	if errors.Is(err, errors.ErrUnsupported) {
		return answer{}, errNoSearch
	}
	if err != nil {
		return answer{}, fmt.Errorf("search: %w", err)
	}
	found, more := cut(found, int(limit), false)
	b := append(appendList([]byte(`{"messages":`), found), `,"more":`...)
	return answer{http.StatusOK, append(strconv.AppendBool(b, more), '}')}, nil
}

// Search implements store.Searcher. If the service does not search, the error wraps
// errors.ErrUnsupported. More than 500 messages take several requests.
func (c *Client) Search(ctx context.Context, q store.SearchQuery) (found []store.Message, err error) {
	if err := q.Check(); err != nil {
		return nil, err
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
		v, err := c.optionally(ctx, &c.noSearch, http.MethodGet, "messages/search?"+params.Encode(), nil, http.StatusOK)
		if err != nil {
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
