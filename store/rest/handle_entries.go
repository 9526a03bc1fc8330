package rest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/coupchat/coup/store"
)

// errNoLog is the answer where the store keeps messages only.
var errNoLog = &problem{http.StatusNotImplemented, codeUnsupported, "messages only are kept here: POST messages, GET messages"}

// postEntries stores entries in one transaction, each with an outcome of its own.
func (h *Handler) postEntries(ctx context.Context, c call) (answer, error) {
	if h.entries == nil {
		return answer{}, errNoLog
	}
	list := c.body.field("entries")
	if !list.isArray() {
		return answer{}, bad("entries must be an array")
	}
	var batch []store.Entry
	for item := range list.items() {
		if len(batch) == store.MaxBatch {
			return answer{}, bad("entries holds more than %d", store.MaxBatch)
		}
		e, err := readPost(item, "entries["+strconv.Itoa(len(batch))+"]: ", true)
		if err != nil {
			return answer{}, err
		}
		batch = append(batch, e)
	}
	if len(batch) == 0 {
		return answer{}, bad("entries is empty")
	}
	out, err := h.append(ctx, batch)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, appendEntries(out)}, nil
}

// getEntries reads entries of every kind.
func (h *Handler) getEntries(ctx context.Context, c call) (answer, error) {
	if h.entries == nil {
		return answer{}, errNoLog
	}
	q, err := readQuery(c.query)
	if err != nil {
		return answer{}, err
	}
	limit := q.Limit
	q.Newest = false
	q.Limit++ // whether one more is found says whether there are more
	found, err := h.entries.Entries(ctx, q)
	if err != nil {
		return answer{}, fmt.Errorf("read entries: %w", err)
	}
	found, more := cut(found, limit, false)
	b := appendEntries(found)
	b = append(b[:len(b)-1], `,"more":`...)
	return answer{http.StatusOK, append(strconv.AppendBool(b, more), '}')}, nil
}
