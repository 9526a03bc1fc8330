package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// sweepAfter is how long the reports of a node are kept after its lease has ended.
	// Each run of a hub is a new node, so without a sweep the reports would pile up.
	sweepAfter = 24 * time.Hour
	// sweepEvery is the gap between two sweeps, sweepRetry the gap after one that failed,
	// and sweepUsers how many reports one sweep deletes.
	sweepEvery = time.Hour
	sweepRetry = time.Minute
	sweepUsers = 1000
)

const (
	deadNode = `SELECT node_id FROM coup_nodes WHERE lease_end < {lease} ORDER BY node_id LIMIT 1 {lock}`

	sweptUsers = `SELECT user_id FROM coup_presence WHERE node_id = ? ORDER BY user_id LIMIT ?`

	// When a user was last seen is kept, in one row for all deleted nodes. Its node is *,
	// which is no valid id.
	fold = `INSERT INTO coup_presence (user_id, node_id, online, offline_at)
		SELECT user_id, '*', false, last_seen_at FROM coup_reports
		WHERE node_id = ? AND last_seen_at IS NOT NULL AND user_id IN (` + sweptUsers + `)
		ORDER BY user_id
		ON CONFLICT (user_id, node_id) DO UPDATE SET offline_at = excluded.offline_at
		WHERE coup_presence.offline_at < excluded.offline_at`

	forgetReports = `DELETE FROM coup_presence WHERE node_id = ? AND user_id IN (` + sweptUsers + `)`

	forgetNode = `DELETE FROM coup_nodes WHERE node_id = ? AND NOT EXISTS (SELECT 1 FROM coup_presence p WHERE p.node_id = coup_nodes.node_id)`
)

// sweep deletes reports of old nodes, if it is time. After an error it tries again later.
func (s *Store) sweep(ctx context.Context) {
	now, due := time.Now().UnixNano(), s.sweepDue.Load()
	if now < due || !s.sweepDue.CompareAndSwap(due, now+sweepEvery.Nanoseconds()) {
		return
	}
	more, err := s.sweepNode(ctx)
	switch {
	case err != nil:
		s.sweepDue.Store(now + sweepRetry.Nanoseconds())
	case more:
		s.sweepDue.Store(now)
	}
}

// sweepNode deletes reports of one old node. more says that there may be more to delete.
func (s *Store) sweepNode(ctx context.Context) (more bool, err error) {
	err = s.inTx(ctx, func(t tx) error {
		var node string
		switch err := t.get(ctx, &node, deadNode, -sweepAfter.Milliseconds()); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		more = true
		if err := t.exec(ctx, fold, node, node, sweepUsers); err != nil {
			return err
		}
		if err := t.exec(ctx, forgetReports, node, node, sweepUsers); err != nil {
			return err
		}
		return t.exec(ctx, forgetNode, node)
	})
	return more && err == nil, err
}
