package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// postMessages stores messages that are plain.
func (c *Client) postMessages(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	b := append(make([]byte, 0, sizeOf(msgs)), `{"messages":[`...)
	for i := range msgs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPost(b, &msgs[i])
	}
	b = append(b, "]}"...)
	if len(b) > maxBody {
		return nil, fmt.Errorf("append %d messages: %w: they take %d bytes, at most %d", len(msgs), store.ErrInvalid, len(b), maxBody)
	}
	v, err := c.call(ctx, http.MethodPost, "messages", b, http.StatusOK)
	if err != nil {
		return nil, fmt.Errorf("append %d messages: %w", len(msgs), err)
	}
	out, err := readAppended(v, msgs)
	if err != nil {
		return nil, fmt.Errorf("append %d messages: %w", len(msgs), senseless(err))
	}
	return out, nil
}

// readAppended checks that each message in v is that of msgs.
func readAppended(v value, msgs []store.Message) ([]store.Message, error) {
	out := make([]store.Message, 0, len(msgs))
	for item := range v.field("messages").items() {
		if len(out) == len(msgs) {
			return nil, fmt.Errorf("more than %d messages", len(msgs))
		}
		asked := &msgs[len(out)]
		m, err := readMessage(item, asked)
		if err != nil {
			reason := readRefusal(item)
			if reason == nil {
				return nil, err
			}
			refused := *asked
			refused.Err = reason
			out = append(out, refused)
			continue
		}
		if m.StudyID != asked.StudyID || m.UserID != asked.UserID {
			return nil, fmt.Errorf("message %d is another one", len(out))
		}
		// The API leaves out generated client ids. Any other must be the one that was sent.
		m.ClientID = asked.ClientID
		out = append(out, m)
	}
	if len(out) != len(msgs) {
		return nil, fmt.Errorf("%d messages, want %d", len(out), len(msgs))
	}
	return out, nil
}

// History implements store.Store. More than 500 messages take several requests. The
// messages have no generated client ids.
func (c *Client) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	if q.Limit < 1 {
		return nil, fmt.Errorf("read history: %w: limit is %d", store.ErrInvalid, q.Limit)
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	var pages [][]store.Message
	for q.Limit > 0 { // an answer may end early
		page, more, err := c.page(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		pages = append(pages, page)
		if !more {
			break
		}
		q.Limit -= len(page)
		if q.Newest {
			q.Before = page[0].Seq
		} else {
			q.After = page[len(page)-1].Seq
		}
	}
	if q.Newest {
		slices.Reverse(pages)
	}
	return slices.Concat(pages...), nil
}

// page reads as much of q as one request returns. more says that there is more to read.
func (c *Client) page(ctx context.Context, q store.Query) (msgs []store.Message, more bool, err error) {
	limit := min(q.Limit, maxHistory)
	params := url.Values{"studyId": {string(q.StudyID)}, "limit": {strconv.Itoa(limit)}}
	if !q.Newest {
		params.Set("after", strconv.FormatInt(max(q.After, 0), 10))
	}
	if q.Before > 0 {
		params.Set("before", strconv.FormatInt(q.Before, 10))
	}
	v, err := c.call(ctx, http.MethodGet, "messages?"+params.Encode(), nil, http.StatusOK)
	if err != nil {
		return nil, false, err
	}
	list := v.field("messages")
	if !list.isArray() {
		return nil, false, senseless(fmt.Errorf("no messages"))
	}
	like, last, n := store.Message{StudyID: q.StudyID}, int64(0), 0
	for item := range list.items() {
		m, err := readMessage(item, &like)
		if err != nil {
			return nil, false, senseless(err)
		}
		n++
		if m.StudyID != q.StudyID || m.Seq <= last || n > limit || q.Before > 0 && m.Seq >= q.Before || !q.Newest && m.Seq <= q.After {
			return nil, false, senseless(fmt.Errorf("seq %d of %s was not asked for", m.Seq, m.StudyID))
		}
		last = m.Seq
		// With after, the API returns the oldest messages. So the client applies After itself
		// if it wants the newest.
		if m.Seq > q.After {
			msgs = append(msgs, m)
		}
	}
	if said := v.field("more"); !said.isNull() {
		more = string(said) == "true"
	} else {
		more = n == limit // an older server
	}
	// Nothing before q.After is wanted.
	return msgs, more && len(msgs) == n && n > 0, nil
}

// Heads implements store.Store, in requests of 10,000 studies.
func (c *Client) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	heads := make(map[store.StudyID]int64, len(studies))
	for chunk := range slices.Chunk(studies, maxIDs) {
		b := []byte(`{"studyIds":[`)
		for i, id := range chunk {
			if i > 0 {
				b = append(b, ',')
			}
			b = json.AppendString(b, string(id))
		}
		v, err := c.call(ctx, http.MethodPost, "studies/heads", append(b, "]}"...), http.StatusOK)
		if err != nil {
			return nil, fmt.Errorf("read %d heads: %w", len(studies), err)
		}
		for name, val := range v.field("heads").fields() {
			seq, ok := val.integer()
			if !ok || seq < 0 {
				return nil, fmt.Errorf("read %d heads: %w", len(studies), senseless(fmt.Errorf("a seq is %s", val)))
			}
			heads[store.StudyID(name)] = seq
		}
		for _, id := range chunk {
			if _, ok := heads[id]; !ok {
				return nil, fmt.Errorf("read %d heads: %w", len(studies), senseless(fmt.Errorf("%s is missing", id)))
			}
		}
	}
	return heads, nil
}
