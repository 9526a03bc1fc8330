package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// maxReports is how many reports a Client sends in one request.
const maxReports = 1000

// SetStatus implements store.Store, in requests of 1,000 reports.
func (c *Client) SetStatus(ctx context.Context, reports []store.Status) error {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	for chunk := range slices.Chunk(reports, maxReports) {
		b := []byte(`{"statuses":[`)
		for i, r := range chunk {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendReport(b, r)
		}
		if _, err := c.call(ctx, http.MethodPost, "users/status", append(b, "]}"...), http.StatusNoContent); err != nil {
			return fmt.Errorf("set %d statuses: %w", len(reports), err)
		}
	}
	return nil
}

func appendReport(b []byte, r store.Status) []byte {
	b = json.AppendString(append(b, `{"userId":`...), string(r.UserID))
	if r.Online {
		b = append(b, `,"status":"online"`...)
	} else {
		b = append(b, `,"status":"offline"`...)
	}
	if r.NodeID != "" {
		b = json.AppendString(append(b, `,"nodeId":`...), string(r.NodeID))
	}
	return append(b, '}')
}

// Presence implements store.Store. It makes one request for each user, one after the
// other. The API has no batches of them, because hubs do not need them.
func (c *Client) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	presences := make(map[store.UserID]store.Presence, len(users))
	for _, user := range users {
		v, err := c.call(ctx, http.MethodGet, "users/"+segment(user)+"/status", nil, http.StatusOK)
		if err != nil {
			return nil, fmt.Errorf("read presence: %w", err)
		}
		p, err := readPresence(v, user)
		if err != nil {
			return nil, fmt.Errorf("read presence: %w", senseless(err))
		}
		presences[user] = p
	}
	return presences, nil
}

func readPresence(v value, user store.UserID) (store.Presence, error) {
	p := store.Presence{UserID: user}
	if id, _ := v.field("userId").text(); id != string(user) {
		return p, fmt.Errorf("it is about another user")
	}
	switch status, _ := v.field("status").text(); status {
	case "online":
		p.Online = true
	case "offline":
	default:
		return p, fmt.Errorf("status is %q", status)
	}
	if seen := v.field("lastSeenAt"); !seen.isNull() {
		text, _ := seen.text()
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return p, fmt.Errorf("lastSeenAt is not a time")
		}
		p.LastSeenAt = at.UTC()
	}
	return p, nil
}

// RenewNode implements store.Store. The API counts in milliseconds, and a lease lasts at
// most store.LeaseTTL: a longer ttl is shortened to that. A ttl under a millisecond is
// store.ErrInvalid.
func (c *Client) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	if ttl < time.Millisecond {
		return fmt.Errorf("renew node: %w: ttl is %v", store.ErrInvalid, ttl)
	}
	// A lease of LeaseTTL needs no body. A server may not know shorter ones.
	var body []byte
	if ttl < store.LeaseTTL {
		body = strconv.AppendInt([]byte(`{"ttl":`), ttl.Milliseconds(), 10)
		body = append(body, '}')
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	if _, err := c.call(ctx, http.MethodPut, "nodes/"+segment(node), body, http.StatusNoContent); err != nil {
		return fmt.Errorf("renew node: %w", err)
	}
	return nil
}

// Member implements store.Members.
func (c *Client) Member(ctx context.Context, study store.StudyID, user store.UserID) (string, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	v, err := c.call(ctx, http.MethodGet, "studies/"+segment(study)+"/members/"+segment(user), nil, http.StatusOK)
	if err != nil {
		return "", fmt.Errorf("look up a member: %w", err)
	}
	role, ok := v.field("role").text()
	if !ok {
		return "", fmt.Errorf("look up a member: %w", senseless(fmt.Errorf("no role")))
	}
	return role, nil
}

// Roles implements store.BatchMembers. The error wraps errors.ErrUnsupported if the API
// answers for one user at a time only.
func (c *Client) Roles(ctx context.Context, of []store.Membership) (map[store.Membership]string, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	roles := make(map[store.Membership]string, len(of))
	for chunk := range slices.Chunk(of, store.MaxLookup) {
		b := []byte(`{"members":[`)
		for i, m := range chunk {
			if i > 0 {
				b = append(b, ',')
			}
			b = json.AppendString(append(b, `{"studyId":`...), string(m.StudyID))
			b = json.AppendString(append(b, `,"userId":`...), string(m.UserID))
			b = append(b, '}')
		}
		v, err := c.call(ctx, http.MethodPost, "studies/members", append(b, "]}"...), http.StatusOK)
		var refused *answerError
		if errors.As(err, &refused) && slices.Contains(noSuchRow, refused.status) {
			err = fmt.Errorf("%w: %w", errors.ErrUnsupported, store.ErrUnavailable)
		}
		if err == nil {
			err = readRoles(v, chunk, roles)
		}
		if err != nil {
			return nil, fmt.Errorf("look up %d members: %w", len(of), err)
		}
	}
	return roles, nil
}

// noSuchRow are the statuses of an API that does not have a path of this package.
var noSuchRow = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}

// readRoles adds an answer, which has one role or null for each of chunk.
func readRoles(v value, chunk []store.Membership, roles map[store.Membership]string) error {
	n := 0
	for item := range v.field("roles").items() {
		role, ok := item.text()
		if n == len(chunk) || !ok && !item.isNull() {
			return senseless(fmt.Errorf("roles[%d] is %s", n, item))
		}
		if ok {
			roles[chunk[n]] = role
		}
		n++
	}
	if n != len(chunk) {
		return senseless(fmt.Errorf("%d roles for %d members", n, len(chunk)))
	}
	return nil
}
