package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/coupchat/coup/store"
)

var _ store.Reads = (*Client)(nil)

// MarkRead implements store.Reads. If the service does not keep marks, the error wraps
// errors.ErrUnsupported.
func (c *Client) MarkRead(ctx context.Context, marks []store.ReadMark) error {
	for part := range slices.Chunk(marks, store.MaxBatch) {
		if _, err := c.reads(ctx, "reads", appendMarks(part), http.StatusNoContent); err != nil {
			return fmt.Errorf("mark %d as read: %w", len(marks), err)
		}
	}
	return nil
}

// ReadStates implements store.Reads. The error is as with MarkRead.
func (c *Client) ReadStates(ctx context.Context, of []store.Membership) ([]store.ReadState, error) {
	states := make([]store.ReadState, 0, len(of))
	for part := range slices.Chunk(of, store.MaxBatch) {
		asked := make([]store.ReadMark, len(part))
		for i, m := range part {
			asked[i] = store.ReadMark{StudyID: m.StudyID, UserID: m.UserID, Seq: -1}
		}
		v, err := c.reads(ctx, "reads/query", appendMarks(asked), http.StatusOK)
		if err != nil {
			return nil, fmt.Errorf("read %d marks: %w", len(of), err)
		}
		n := len(states) + len(part)
		for item := range v.field("reads").items() {
			s := store.ReadState{Marked: !item.isNull()}
			if s.Marked {
				seq, isSeq := item.field("seq").integer()
				unread, isNumber := item.field("unread").integer()
				if !isSeq || !isNumber || seq < 0 || unread < 0 {
					return nil, fmt.Errorf("read %d marks: %w", len(of), senseless(fmt.Errorf("a mark is %s", item)))
				}
				s.Seq, s.Unread = seq, int(min(unread, store.MaxUnread))
			}
			states = append(states, s)
		}
		if len(states) != n {
			return nil, fmt.Errorf("read %d marks: %w", len(of), senseless(errors.New("not one answer for each")))
		}
	}
	return states, nil
}

// ReadMarks implements store.Reads. The error is as with MarkRead, also where HandlerOptions.Receipts
// is off.
func (c *Client) ReadMarks(ctx context.Context, study store.StudyID) ([]store.ReadMark, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	var receipts optional // which may be turned on at any time
	v, err := c.optionally(ctx, &receipts, http.MethodGet, "reads?"+url.Values{"studyId": {string(study)}}.Encode(), nil, http.StatusOK)
	if err != nil {
		return nil, fmt.Errorf("read the marks of %s: %w", study, err)
	}
	var marks []store.ReadMark
	for item := range v.field("reads").items() {
		user, _ := item.field("userId").text()
		seq, ok := item.field("seq").integer()
		if !ok || !store.ValidID(user) {
			return nil, fmt.Errorf("read the marks of %s: %w", study, senseless(fmt.Errorf("a mark is %s", item)))
		}
		marks = append(marks, store.ReadMark{StudyID: study, UserID: store.UserID(user), Seq: seq})
	}
	return marks, nil
}

// reads is a call of a service that may not keep what users have read.
func (c *Client) reads(ctx context.Context, path string, body []byte, want int) (value, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	return c.optionally(ctx, &c.noReads, http.MethodPost, path, body, want)
}

func appendMarks(marks []store.ReadMark) []byte {
	b := []byte(`{"reads":[`)
	for i, m := range marks {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMark(b, m)
	}
	return append(b, "]}"...)
}
