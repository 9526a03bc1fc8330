package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/coupchat/coup/store"
)

const (
	// The view says when the report that is replaced last had its user online. SQLite
	// needs WHERE true: otherwise it would read ON CONFLICT as the ON of a join.
	report = `INSERT INTO coup_presence (user_id, node_id, online, offline_at)
		SELECT u, n, o, (SELECT last_seen_at FROM coup_reports WHERE user_id = u AND node_id = n)
		FROM {reports} WHERE true
		ON CONFLICT (user_id, node_id) DO UPDATE SET online = excluded.online, offline_at = excluded.offline_at`

	// A report of a user online by a node without a lease starts a lease.
	start = `INSERT INTO coup_nodes (node_id, lease_end)
		SELECT n, {lease} FROM {reports} WHERE o AND n <> '' GROUP BY n ORDER BY n
		ON CONFLICT (node_id) DO UPDATE SET lease_end = excluded.lease_end WHERE coup_nodes.lease_end <= {lease}`

	presence = `SELECT user_id, online, last_seen_at FROM coup_reports WHERE user_id IN ({list})`

	renew = `INSERT INTO coup_nodes (node_id, lease_end) VALUES (?, {lease})
		ON CONFLICT (node_id) DO UPDATE SET lease_end = excluded.lease_end`
)

// reportRow is an element of {reports}.
type reportRow struct {
	User   store.UserID `json:"u"`
	Node   store.NodeID `json:"n"`
	Online bool         `json:"o"`
}

// SetStatus implements store.Store. The last report of a user and node counts, besides two
// kinds of earlier ones, which are recorded first.
func (s *Store) SetStatus(ctx context.Context, reports []store.Status) error {
	starts := map[store.NodeID]bool{} // nodes with an online report
	for _, r := range reports {
		if r.Online && r.NodeID != "" {
			starts[r.NodeID] = true
		}
	}
	var (
		early  []reportRow // offline, before the node may start a lease
		seen   []reportRow // online, and offline again later
		all    = make([]reportRow, len(reports))
		online = map[reportRow]bool{}
	)
	for i, r := range reports {
		all[i] = reportRow{r.UserID, r.NodeID, r.Online}
		switch was := (reportRow{r.UserID, r.NodeID, true}); {
		case r.Online:
			online[was], starts[r.NodeID] = true, false
		case online[was]:
			seen = append(seen, was)
		case starts[r.NodeID]:
			early = append(early, all[i])
		}
	}
	for _, rows := range [][]reportRow{early, seen, all} {
		if err := s.setStatus(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

// setStatus records the last row of each user and node.
func (s *Store) setStatus(ctx context.Context, rows []reportRow) error {
	if len(rows) == 0 {
		return nil
	}
	// A statement may change a row only once: of the reports of a (user, node) the last
	// is kept. They are sorted, so that two callers lock rows in the same order.
	slices.Reverse(rows)
	order := func(a, b reportRow) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Node, b.Node)) }
	slices.SortStableFunc(rows, order)
	rows = slices.CompactFunc(rows, func(a, b reportRow) bool { return order(a, b) == 0 })
	if slices.ContainsFunc(rows, func(r reportRow) bool { return r.Online && r.Node != "" }) {
		if _, err := s.start.ExecContext(ctx, store.LeaseTTL.Milliseconds(), JSON(rows), 0); err != nil {
			return Wrap("start leases", err)
		}
	}
	_, err := s.report.ExecContext(ctx, JSON(rows))
	return Wrap("record presence", err)
}

// Presence implements store.Store.
func (s *Store) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	found := make(map[store.UserID]store.Presence, len(users))
	if len(users) == 0 {
		return found, nil
	}
	for _, user := range users {
		found[user] = store.Presence{UserID: user}
	}
	var rows []struct {
		UserID     store.UserID `db:"user_id"`
		Online     bool
		LastSeenAt Time `db:"last_seen_at"`
	}
	if err := s.presence.SelectContext(ctx, &rows, JSON(users)); err != nil {
		return nil, Wrap("read presence", err)
	}
	for _, r := range rows {
		p := found[r.UserID]
		p.Online = p.Online || r.Online
		if r.LastSeenAt.After(p.LastSeenAt) {
			p.LastSeenAt = r.LastSeenAt.Time
		}
		found[r.UserID] = p
	}
	return found, nil
}

// RenewNode implements store.Store. Now and then it also deletes the reports of nodes
// whose lease ended more than a day ago.
func (s *Store) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	if _, err := s.renew.ExecContext(ctx, node, ttl.Milliseconds()); err != nil {
		return Wrap("renew node "+string(node), err)
	}
	s.sweep(ctx)
	return nil
}
