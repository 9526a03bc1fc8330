package rest

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// errNoReads is the answer where the store does not keep what users have read, and errNoReceipts
// that where others must not know it.
var (
	errNoReads    = &problem{http.StatusNotImplemented, codeUnsupported, "what users have read is not kept here"}
	errNoReceipts = &problem{http.StatusNotImplemented, codeUnsupported, "what others have read is not told here, see HandlerOptions.Receipts"}
)

// postReads sets how far users have read.
func (h *Handler) postReads(ctx context.Context, c call) (answer, error) {
	marks, err := h.readMarks(c.body, true)
	if err != nil {
		return answer{}, err
	}
	if err := h.reads.MarkRead(ctx, marks); err != nil {
		return answer{}, fmt.Errorf("mark %d as read: %w", len(marks), err)
	}
	return answer{status: http.StatusNoContent}, nil
}

// postReadsQuery returns how far users have read, in the order of the request.
func (h *Handler) postReadsQuery(ctx context.Context, c call) (answer, error) {
	marks, err := h.readMarks(c.body, false)
	if err != nil {
		return answer{}, err
	}
	of := make([]store.Membership, len(marks))
	for i, m := range marks {
		of[i] = store.Membership{StudyID: m.StudyID, UserID: m.UserID}
	}
	states, err := h.reads.ReadStates(ctx, of)
	if err == nil && len(states) != len(of) {
		err = fmt.Errorf("the store answered with %d", len(states))
	}
	if err != nil {
		return answer{}, fmt.Errorf("read %d marks: %w", len(of), err)
	}
	b := []byte(`{"reads":[`)
	for i, s := range states {
		if i > 0 {
			b = append(b, ',')
		}
		if !s.Marked {
			b = append(b, "null"...)
			continue
		}
		b = fmt.Appendf(b, `{"seq":%d,"unread":%d}`, s.Seq, s.Unread)
	}
	return answer{http.StatusOK, append(b, "]}"...)}, nil
}

// getReads returns the marks of everybody in a study.
func (h *Handler) getReads(ctx context.Context, c call) (answer, error) {
	switch {
	case h.reads == nil:
		return answer{}, errNoReads
	case !h.receipts:
		return answer{}, errNoReceipts
	}
	params, err := url.ParseQuery(c.query)
	study := store.StudyID(params.Get("studyId"))
	if err != nil || len(params["studyId"]) > 1 || !store.ValidID(study) {
		return answer{}, bad("studyId must be given once, as a valid id")
	}
	marks, err := h.reads.ReadMarks(ctx, study)
	if err != nil {
		return answer{}, fmt.Errorf("read the marks of %s: %w", study, err)
	}
	type mark struct {
		UserID store.UserID `json:"userId"`
		Seq    int64        `json:"seq"`
	}
	list := make([]mark, len(marks))
	for i, m := range marks {
		list[i] = mark{m.UserID, m.Seq}
	}
	b, err := stdjson.Marshal(map[string]any{"reads": list})
	return answer{http.StatusOK, b}, err
}

// readMarks reads the marks of a request, or with withSeq false whose marks it asks for.
func (h *Handler) readMarks(body value, withSeq bool) (marks []store.ReadMark, err error) {
	if h.reads == nil {
		return nil, errNoReads
	}
	list := body.field("reads")
	if !list.isArray() {
		return nil, bad("reads must be an array")
	}
	for item := range list.items() {
		at := "reads[" + strconv.Itoa(len(marks)) + "]"
		if len(marks) == store.MaxBatch {
			return nil, bad("reads holds more than %d", store.MaxBatch)
		}
		study, _ := item.field("studyId").text()
		user, _ := item.field("userId").text()
		if !store.ValidID(study) || !store.ValidID(user) {
			return nil, bad("%s must have a valid studyId and userId", at)
		}
		m := store.ReadMark{StudyID: store.StudyID(study), UserID: store.UserID(user)}
		if withSeq {
			var ok bool
			if m.Seq, ok = item.field("seq").integer(); !ok || m.Seq < 0 {
				return nil, bad("%s.seq must be a whole number from 0", at)
			}
		}
		marks = append(marks, m)
	}
	return marks, nil
}

// appendMark writes a mark as a request, without its seq if that is below 0.
func appendMark(b []byte, m store.ReadMark) []byte {
	b = json.AppendString(append(b, `{"studyId":`...), string(m.StudyID))
	b = json.AppendString(append(b, `,"userId":`...), string(m.UserID))
	if m.Seq >= 0 {
		b = strconv.AppendInt(append(b, `,"seq":`...), m.Seq, 10)
	}
	return append(b, '}')
}
