package rest

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/coupchat/coup/internal/json"
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
	b, err := stdjson.Marshal(map[string]any{"heads": heads})
	return answer{http.StatusOK, b}, err
}

// getMember returns the role of a user in a study.
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
	return answer{http.StatusOK, append(json.AppendString(b, role), '}')}, nil
}

// postMembers returns the roles of many users in many studies, in the order of the
// request. Hubs use it to confirm the memberships of their connections. A server may lack
// it.
func (h *Handler) postMembers(ctx context.Context, c call) (answer, error) {
	of, err := readMemberships(c.body)
	if err != nil {
		return answer{}, err
	}
	roles, err := h.roles(ctx, of)
	if err != nil {
		return answer{}, fmt.Errorf("look up %d members: %w", len(of), err)
	}
	b := []byte(`{"roles":[`)
	for i, m := range of {
		if i > 0 {
			b = append(b, ',')
		}
		if role, ok := roles[m]; ok {
			b = json.AppendString(b, role)
		} else {
			b = append(b, "null"...)
		}
	}
	return answer{http.StatusOK, append(b, "]}"...)}, nil
}

func readMemberships(body value) (of []store.Membership, err error) {
	list := body.field("members")
	if !list.isArray() {
		return nil, bad("members must be an array")
	}
	known := map[store.Membership]struct{}{}
	for item := range list.items() {
		if len(of) == store.MaxLookup {
			return nil, bad("members holds more than %d", store.MaxLookup)
		}
		study, _ := item.field("studyId").text()
		user, _ := item.field("userId").text()
		m := store.Membership{StudyID: store.StudyID(study), UserID: store.UserID(user)}
		if _, twice := known[m]; twice || !store.ValidID(study) || !store.ValidID(user) {
			return nil, bad("members[%d] must have a valid studyId and userId, and be there once", len(of))
		}
		known[m] = struct{}{}
		of = append(of, m)
	}
	return of, nil
}

// errOneByOne says that the backend is no store.BatchMembers.
var errOneByOne = &problem{http.StatusNotImplemented, codeBadRequest, "memberships are looked up one by one here: GET studies/{studyId}/members/{userId}"}

// roles looks up many memberships at once, if the backend can.
func (h *Handler) roles(ctx context.Context, of []store.Membership) (map[store.Membership]string, error) {
	if h.members == nil || len(of) == 0 {
		return nil, nil
	}
	batch, ok := h.members.(store.BatchMembers)
	if !ok {
		return nil, errOneByOne
	}
	roles, err := batch.Roles(ctx, of)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, errOneByOne
	}
	return roles, err
}
