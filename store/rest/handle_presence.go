package rest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// postStatus records one report or several.
func (h *Handler) postStatus(ctx context.Context, c call) (answer, error) {
	reports, err := readReports(c.body)
	if err != nil {
		return answer{}, err
	}
	if len(reports) > 0 {
		if err := h.store.SetStatus(ctx, reports); err != nil {
			return answer{}, fmt.Errorf("set %d statuses: %w", len(reports), err)
		}
	}
	return answer{status: http.StatusNoContent}, nil
}

func readReports(body value) ([]store.Status, error) {
	list := body.field("statuses")
	if list.isNull() {
		r, err := readReport(body, "")
		return []store.Status{r}, err
	}
	if !list.isArray() {
		return nil, bad("statuses must be an array")
	}
	for _, name := range []string{"userId", "status", "nodeId"} {
		if !body.field(name).isNull() {
			return nil, bad("statuses and %s cannot stand together", name)
		}
	}
	var reports []store.Status
	for item := range list.items() {
		if len(reports) == maxIDs {
			return nil, bad("statuses holds more than %d", maxIDs)
		}
		r, err := readReport(item, fmt.Sprintf("statuses[%d]: ", len(reports)))
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

func readReport(v value, at string) (r store.Status, err error) {
	if !v.isObject() {
		return r, bad("%sa status must be an object", at)
	}
	var status string
	for name, val := range v.fields() {
		ok := true
		switch string(name) {
		case "userId":
			var id string
			id, _ = val.text()
			r.UserID = store.UserID(id)
			ok = store.ValidID(r.UserID)
		case "nodeId":
			if val.isNull() {
				continue
			}
			var id string
			id, _ = val.text()
			r.NodeID = store.NodeID(id)
			ok = store.ValidNodeID(r.NodeID)
		case "status":
			status, ok = val.text()
		}
		if !ok {
			return r, bad("%s%s is malformed", at, name)
		}
	}
	switch {
	case r.UserID == "":
		return r, bad("%suserId is missing", at)
	case status != "online" && status != "offline":
		return r, bad(`%sstatus must be "online" or "offline"`, at)
	}
	r.Online = status == "online"
	return r, nil
}

// getStatus returns whether a user is online.
func (h *Handler) getStatus(ctx context.Context, c call) (answer, error) {
	user := store.UserID(c.ids[0])
	if !store.ValidID(user) {
		return answer{}, bad("userId is not a valid id")
	}
	presences, err := h.store.Presence(ctx, []store.UserID{user})
	if err != nil {
		return answer{}, fmt.Errorf("read presence: %w", err)
	}
	p := presences[user]
	b := append([]byte(nil), `{"userId":`...)
	b = json.AppendString(b, string(user))
	if p.Online {
		b = append(b, `,"status":"online","lastSeenAt":`...)
	} else {
		b = append(b, `,"status":"offline","lastSeenAt":`...)
	}
	if p.LastSeenAt.IsZero() {
		b = append(b, "null"...)
	} else {
		b = json.AppendString(b, store.FormatTime(p.LastSeenAt))
	}
	return answer{http.StatusOK, append(b, '}')}, nil
}

// putNode renews the lease of a hub.
func (h *Handler) putNode(ctx context.Context, c call) (answer, error) {
	node := store.NodeID(c.ids[0])
	if !store.ValidNodeID(node) {
		return answer{}, bad("nodeId is not a valid id")
	}
	ttl := store.LeaseTTL
	if v := c.body.field("ttl"); !v.isNull() {
		ms, ok := v.integer()
		if !ok || ms < 1 || ms > store.LeaseTTL.Milliseconds() {
			return answer{}, bad("ttl must be a whole number of milliseconds from 1 to %d", store.LeaseTTL.Milliseconds())
		}
		ttl = time.Duration(ms) * time.Millisecond
	}
	if err := h.store.RenewNode(ctx, node, ttl); err != nil {
		return answer{}, fmt.Errorf("renew a node: %w", err)
	}
	return answer{status: http.StatusNoContent}, nil
}
