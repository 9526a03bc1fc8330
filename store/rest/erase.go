package rest

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

var _ store.Eraser = (*Client)(nil)

// errNoEraser is the answer where the store cannot erase.
var errNoEraser = &problem{http.StatusNotImplemented, codeUnsupported, "the store cannot erase"}

// postErasures erases a part of what the request names.
func (h *Handler) postErasures(ctx context.Context, c call) (answer, error) {
	if h.eraser == nil {
		return answer{}, errNoEraser
	}
	var e store.Erasure
	for name, val := range c.body.fields() {
		ok := true
		switch string(name) {
		case "studyId":
			var id string
			id, ok = val.text()
			e.StudyID = store.StudyID(id)
		case "userId":
			var id string
			id, ok = val.text()
			e.UserID = store.UserID(id)
		case "from":
			e.From, ok = val.integer()
		case "to":
			e.To, ok = val.integer()
		}
		if !ok {
			return answer{}, bad("%s is malformed", name)
		}
	}
	if err := e.Check(); err != nil {
		return answer{}, refused("", err)
	}
	erased, err := h.eraser.Erase(ctx, e)
	if err != nil {
		return answer{}, fmt.Errorf("erase: %w", err)
	}
	return answer{http.StatusOK, appendEntries(erased)}, nil
}

// getUserEntries returns entries of a user.
func (h *Handler) getUserEntries(ctx context.Context, c call) (answer, error) {
	if h.eraser == nil {
		return answer{}, errNoEraser
	}
	params, err := url.ParseQuery(c.query)
	q := store.UserQuery{UserID: store.UserID(c.ids[0]), AfterStudy: store.StudyID(params.Get("afterStudyId"))}
	if err != nil || !store.ValidID(q.UserID) || q.AfterStudy != "" && !store.ValidID(q.AfterStudy) {
		return answer{}, bad("userId and afterStudyId must be valid ids")
	}
	if q.After, err = number(params, "after", 0, math.MaxInt64, 0); err != nil {
		return answer{}, err
	}
	limit, err := number(params, "limit", 1, maxHistory, maxHistory)
	if err != nil {
		return answer{}, err
	}
	q.Limit = int(limit)
	found, err := h.eraser.EntriesOf(ctx, q)
	if err != nil {
		return answer{}, fmt.Errorf("read the entries of %s: %w", q.UserID, err)
	}
	found, _ = cut(found, q.Limit, false)
	return answer{http.StatusOK, appendEntries(found)}, nil
}

// appendEntries returns entries as an answer.
func appendEntries(entries []store.Entry) []byte {
	b := append(make([]byte, 0, sizeOf(entries)), `{"entries":[`...)
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		if e.Err != nil {
			b = appendRefusal(b, e.Err)
		} else {
			b = appendEntry(b, e)
		}
	}
	return append(b, "]}"...)
}

// Erase implements store.Eraser. If the service cannot erase, the error wraps errors.ErrUnsupported.
func (c *Client) Erase(ctx context.Context, e store.Erasure) ([]store.Entry, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	b := json.Begin(nil)
	b.Optional("studyId", string(e.StudyID))
	b.Optional("userId", string(e.UserID))
	b.Int("from", e.From)
	b.Int("to", e.To)
	found, err := c.list(ctx, http.MethodPost, "erasures", b.End())
	if err != nil {
		return nil, fmt.Errorf("erase: %w", err)
	}
	return found, nil
}

// EntriesOf implements store.Eraser. The error is as with Erase.
func (c *Client) EntriesOf(ctx context.Context, q store.UserQuery) ([]store.Entry, error) {
	params := url.Values{"after": {strconv.FormatInt(q.After, 10)}, "limit": {strconv.Itoa(min(q.Limit, maxHistory))}}
	if q.AfterStudy != "" {
		params.Set("afterStudyId", string(q.AfterStudy))
	}
	found, err := c.list(ctx, http.MethodGet, "users/"+segment(q.UserID)+"/entries?"+params.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("read the entries of %s: %w", q.UserID, err)
	}
	return found, nil
}

// list is a call that answers with entries, of a service that may not be able to erase.
func (c *Client) list(ctx context.Context, method, path string, body []byte) (found []store.Entry, err error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	v, err := c.optionally(ctx, &c.noEraser, method, path, body, http.StatusOK)
	if err != nil {
		return nil, err
	}
	for item := range v.field("entries").items() {
		e, err := readEntry(item, &store.Entry{})
		if err != nil {
			return nil, senseless(err)
		}
		found = append(found, e)
	}
	return found, nil
}
