package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/coupchat/coup/store"
)

// Append implements store.Log, in one request. It returns store.ErrInvalid for more than
// store.MaxBatch entries and for a batch of over 4 MiB in JSON: two requests would not be
// one transaction. Where the service keeps messages only, Err of each other entry wraps
// errors.ErrUnsupported.
func (c *Client) Append(ctx context.Context, batch []store.Entry) ([]store.Entry, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	if len(batch) > store.MaxBatch {
		return nil, fmt.Errorf("append %d entries: %w: at most %d at once", len(batch), store.ErrInvalid, store.MaxBatch)
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	if !slices.ContainsFunc(batch, func(e store.Entry) bool { return !e.Plain() }) {
		return c.postMessages(ctx, batch)
	}
	if !c.noEntries.lacking() {
		out, err := c.postEntries(ctx, batch)
		if !c.noEntries.learn(err) {
			return out, err
		}
	}
	return c.onlyMessages(ctx, batch)
}

// onlyMessages stores what a service that keeps messages only can store.
func (c *Client) onlyMessages(ctx context.Context, batch []store.Entry) ([]store.Entry, error) {
	out := slices.Clone(batch)
	var messages []store.Entry
	var at []int
	for i := range out {
		if out[i].Plain() {
			messages, at = append(messages, out[i]), append(at, i)
		} else {
			out[i].Err = fmt.Errorf("%w: the service keeps messages only", errors.ErrUnsupported)
		}
	}
	if len(messages) > 0 {
		stored, err := c.postMessages(ctx, messages)
		if err != nil {
			return nil, err
		}
		for i, m := range stored {
			out[at[i]] = m
		}
	}
	return out, nil
}

func (c *Client) postEntries(ctx context.Context, batch []store.Entry) ([]store.Entry, error) {
	b := append(make([]byte, 0, sizeOf(batch)), `{"entries":[`...)
	for i, e := range batch {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSent(b, e)
	}
	if b = append(b, "]}"...); len(b) > maxBody {
		return nil, fmt.Errorf("append %d entries: %w: they take %d bytes, at most %d", len(batch), store.ErrInvalid, len(b), maxBody)
	}
	v, err := c.call(ctx, http.MethodPost, "entries", b, http.StatusOK)
	if err != nil {
		return nil, fmt.Errorf("append %d entries: %w", len(batch), err)
	}
	out := make([]store.Entry, 0, len(batch))
	for item := range v.field("entries").items() {
		if len(out) == len(batch) {
			return nil, fmt.Errorf("append: %w", senseless(fmt.Errorf("more than %d entries", len(batch))))
		}
		e, err := readOutcome(item, batch[len(out)])
		if err != nil {
			return nil, fmt.Errorf("append %d entries: %w", len(batch), senseless(err))
		}
		out = append(out, e)
	}
	if len(out) != len(batch) {
		return nil, fmt.Errorf("append: %w", senseless(fmt.Errorf("%d entries, want %d", len(out), len(batch))))
	}
	return out, nil
}

// readOutcome reads what became of the entry that was sent.
func readOutcome(v value, sent store.Entry) (store.Entry, error) {
	e, err := readEntry(v, &sent)
	if err != nil {
		if sent.Err = readRefusal(v); sent.Err != nil {
			return sent, nil
		}
	}
	switch {
	case err != nil:
		return e, err
	case e.Kind != sent.Kind || e.StudyID != sent.StudyID || e.UserID != sent.UserID || e.MessageSeq != sent.MessageSeq:
		return e, fmt.Errorf("the answer to a %s is another entry", sent.Kind)
	case e.Seq == 0 && e.Kind != store.KindReaction:
		return e, fmt.Errorf("a %s has no seq", e.Kind)
	}
	// The API leaves out generated client ids. Any other must be the one that was sent.
	e.ClientID = sent.ClientID
	return e, nil
}

// Entries implements store.Log. Where the service keeps messages only, its messages are the log.
// More than 500 entries take several requests. They have no generated client ids.
func (c *Client) Entries(ctx context.Context, q store.Query) ([]store.Entry, error) {
	if q.Limit < 1 || q.Newest {
		return nil, fmt.Errorf("read entries: %w: limit is %d, newest is %v", store.ErrInvalid, q.Limit, q.Newest)
	}
	if c.noEntries.lacking() {
		return c.History(ctx, q)
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	var found []store.Entry
	for len(found) < q.Limit { // an answer may end early
		page, more, err := c.entriesPage(ctx, q.StudyID, q.After, min(q.Limit-len(found), maxHistory))
		if err != nil {
			if c.noEntries.learn(err) {
				return c.History(ctx, q)
			}
			return nil, fmt.Errorf("read entries: %w", err)
		}
		for _, e := range page {
			if q.Before > 0 && e.Seq >= q.Before {
				return found, nil
			}
			found, q.After = append(found, e), e.Seq
		}
		if !more || len(page) == 0 {
			break
		}
	}
	return found, nil
}

func (c *Client) entriesPage(ctx context.Context, study store.StudyID, after int64, limit int) (found []store.Entry, more bool, err error) {
	params := url.Values{"studyId": {string(study)}, "after": {strconv.FormatInt(max(after, 0), 10)}, "limit": {strconv.Itoa(limit)}}
	v, err := c.call(ctx, http.MethodGet, "entries?"+params.Encode(), nil, http.StatusOK)
	if err != nil {
		return nil, false, err
	}
	list := v.field("entries")
	if !list.isArray() {
		return nil, false, senseless(fmt.Errorf("no entries"))
	}
	for item := range list.items() {
		e, err := readEntry(item, &store.Entry{StudyID: study})
		if err != nil {
			return nil, false, senseless(err)
		}
		if e.StudyID != study || e.Seq <= after || len(found) == limit {
			return nil, false, senseless(fmt.Errorf("seq %d of %s was not asked for", e.Seq, e.StudyID))
		}
		after = e.Seq
		found = append(found, e)
	}
	return found, string(v.field("more")) == "true", nil
}
