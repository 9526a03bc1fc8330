package rest

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/coupchat/coup/internal/page"
	"github.com/coupchat/coup/store"
)

// postMessages stores one message, or a batch in one transaction.
func (h *Handler) postMessages(ctx context.Context, c call) (answer, error) {
	batch := c.body.field("messages")
	if batch.isNull() {
		m, err := readPost(c.body, "", false)
		if err != nil {
			return answer{}, err
		}
		out, err := h.append(ctx, []store.Message{m})
		if err != nil {
			return answer{}, err
		}
		if err := out[0].Err; err != nil {
			return answer{}, refused("", err)
		}
		status := http.StatusCreated
		if out[0].Repeated {
			status = http.StatusOK
		}
		return answer{status, appendMessage(make([]byte, 0, sizeOf(out)), &out[0])}, nil
	}
	for name, val := range c.body.fields() {
		switch n := string(name); n {
		case "studyId", "userId", "userName", "content", "clientId":
			if !val.isNull() {
				return answer{}, bad("messages and %s cannot stand together", n)
			}
		}
	}
	msgs, err := readBatch(batch)
	if err != nil {
		return answer{}, err
	}
	out, err := h.append(ctx, msgs)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, appendMessages(make([]byte, 0, sizeOf(out)), out)}, nil
}

// append checks that the store answers for each message, as the API promises.
func (h *Handler) append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	out, err := h.store.Append(ctx, msgs)
	if err != nil {
		return nil, fmt.Errorf("append %d messages: %w", len(msgs), err)
	}
	if len(out) != len(msgs) {
		return nil, fmt.Errorf("append %d messages: the store returned %d", len(msgs), len(out))
	}
	return out, nil
}

func readBatch(v value) ([]store.Message, error) {
	if !v.isArray() {
		return nil, bad("messages must be an array")
	}
	msgs := make([]store.Message, 0, min(len(v)/128+1, store.MaxBatch)) // most have about that many bytes
	for item := range v.items() {
		if len(msgs) == store.MaxBatch {
			return nil, bad("messages holds more than %d", store.MaxBatch)
		}
		m, err := readPost(item, "messages["+strconv.Itoa(len(msgs))+"]: ", false)
		if err != nil {
			return nil, err
		}
		msgs = append(msgs, m)
	}
	if len(msgs) == 0 {
		return nil, bad("messages is empty")
	}
	return msgs, nil
}

// readPost reads and checks an entry to store: a message with nothing but text, or with anyKind any entry. at is
// its place in the body, for errors. Fields that the store sets (id, seq, sentAt) are ignored, like
// unknown fields.
func readPost(v value, at string, anyKind bool) (m store.Entry, err error) {
	if !v.isObject() {
		return m, bad("%sa message must be an object", at)
	}
	if anyKind {
		if kind, _ := v.field("kind").text(); m.Kind.UnmarshalText([]byte(kind)) != nil || m.Kind == store.KindErase {
			return m, bad("%skind must be message, edit, delete or reaction", at)
		}
	}
	var named, said bool
	for name, val := range v.fields() {
		var field *string
		switch string(name) {
		case "studyId":
			field = (*string)(&m.StudyID)
		case "userId":
			field = (*string)(&m.UserID)
		case "userName":
			field, named = &m.UserName, !val.isNull()
		case "content":
			field, said = &m.Content, !val.isNull()
		case "clientId":
			if string(val) == `""` {
				return m, bad("%sclientId is empty", at)
			}
			field = &m.ClientID
		}
		if field == nil && anyKind {
			if string(name) == "any" {
				m.Any = string(val) == "true"
			} else if _, ok := readMore(&m, string(name), val); !ok {
				return m, bad("%s%s is malformed", at, name)
			}
		}
		if field == nil || val.isNull() {
			continue
		}
		var ok bool
		if *field, ok = val.text(); !ok {
			return m, bad("%s%s must be a string", at, name)
		}
	}
	switch {
	case !named:
		return m, bad("%suserName is missing", at)
	case !said && (m.Kind == store.KindMessage || m.Kind == store.KindEdit) && len(m.Attachments) == 0:
		return m, bad("%scontent is missing", at)
	// Clean accepts every generated id, but this one comes from outside.
	case store.Generated(m.ClientID) && !store.ValidClientID(m.ClientID[1:]):
		return m, bad("%sclientId is malformed", at)
	}
	m.EditedAt, m.DeletedAt, m.Reactions, m.Count, m.From, m.To = time.Time{}, time.Time{}, nil, 0, 0, 0
	if err := m.Clean(); err != nil {
		return m, refused(at, err)
	}
	if m.ClientID == "" {
		// The store may run the insert again, see store.NewClientID.
		m.ClientID = store.NewClientID()
	}
	return m, nil
}

// getMessages reads history.
func (h *Handler) getMessages(ctx context.Context, c call) (answer, error) {
	q, err := readQuery(c.query)
	if err != nil {
		return answer{}, err
	}
	limit := q.Limit
	q.Limit++ // whether one more is found says whether there are more
	msgs, err := h.store.History(ctx, q)
	if err != nil {
		return answer{}, fmt.Errorf("read history: %w", err)
	}
	msgs, more := cut(msgs, limit, q.Newest)
	b := append(make([]byte, 0, sizeOf(msgs)), `{"messages":`...)
	b = append(appendList(b, msgs), `,"more":`...)
	return answer{http.StatusOK, append(strconv.AppendBool(b, more), '}')}, nil
}

// cut returns what one answer has of msgs. more says that it leaves out some.
func cut(msgs []store.Message, limit int, newest bool) (cut []store.Message, more bool) {
	return page.Cut(msgs, limit, pageBytes, newest, messageSize)
}

func readQuery(raw string) (store.Query, error) {
	q := store.Query{Limit: 50}
	params, err := url.ParseQuery(raw)
	if err != nil {
		return q, bad("the query is malformed")
	}
	q.StudyID = store.StudyID(params.Get("studyId"))
	if len(params["studyId"]) > 1 || !store.ValidID(q.StudyID) {
		return q, bad("studyId must be given once, as a valid id")
	}
	q.Newest = !params.Has("after")
	limit, err := number(params, "limit", 1, maxHistory, int64(q.Limit))
	if err != nil {
		return q, err
	}
	if q.After, err = number(params, "after", 0, math.MaxInt64, 0); err != nil {
		return q, err
	}
	if q.Before, err = number(params, "before", 1, math.MaxInt64, 0); err != nil {
		return q, err
	}
	q.Limit = int(limit)
	return q, nil
}

// number returns a whole number of a query, or otherwise if it is not given.
func number(params url.Values, name string, least, most, otherwise int64) (int64, error) {
	given := params[name]
	if len(given) == 0 {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(given[0], 10, 63)
	if err != nil || len(given) > 1 || int64(n) < least || int64(n) > most {
		return 0, bad("%s must be given once, as a whole number from %d to %d", name, least, most)
	}
	return int64(n), nil
}
