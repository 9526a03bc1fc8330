package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/coupchat/coup/store"
)

// postHeads returns the newest seq of each study.
func (h *Handler) postHeads(ctx context.Context, c call) (answer, error) {
	list := c.body.field("studyIds")
	if !list.isArray() {
		return answer{}, bad("studyIds must be an array")
	}
	var studies []store.StudyID
	for item := range list.items() {
		if len(studies) == maxIDs {
			return answer{}, bad("studyIds holds more than %d", maxIDs)
		}
		id, _ := item.text()
		if !store.ValidID(id) {
			return answer{}, bad("studyIds[%d] is not a valid id", len(studies))
		}
		studies = append(studies, store.StudyID(id))
	}
	heads := make(map[store.StudyID]int64, len(studies))
	if len(studies) > 0 {
		known, err := h.store.Heads(ctx, studies)
		if err != nil {
			return answer{}, fmt.Errorf("read %d heads: %w", len(studies), err)
		}
		for _, id := range studies {
			heads[id] = known[id]
		}
	}
	b, err := json.Marshal(map[string]any{"heads": heads})
	return answer{http.StatusOK, b}, err
}

// getMember says what a user is in a study.
func (h *Handler) getMember(ctx context.Context, c call) (answer, error) {
	study, user := store.StudyID(c.ids[0]), store.UserID(c.ids[1])
	if !store.ValidID(study) || !store.ValidID(user) {
		return answer{}, bad("studyId and userId must be valid ids")
	}
	if h.members == nil {
		return answer{}, store.ErrNotFound
	}
	role, err := h.members.Member(ctx, study, user)
	if err != nil {
		return answer{}, fmt.Errorf("look up a member: %w", err)
	}
	b := append([]byte(nil), `{"role":`...)
	return answer{http.StatusOK, append(appendString(b, role), '}')}, nil
}
