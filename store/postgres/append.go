package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/lib/pq"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// Append implements store.Store. It is one round trip: the function coup_append_entries
// locks, numbers and inserts, in a transaction of its own.
func (s *Store) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if len(msgs) == 0 {
		return nil, nil
	}
	out, err := s.appendSorted(ctx, msgs)
	if hasState(err, "23505") { // unique_violation: a seq is taken
		if err = s.raiseHeads(ctx, msgs); err == nil {
			out, err = s.appendSorted(ctx, msgs)
		}
	}
	s.tables.Stored()
	return out, sqlstore.Wrap("append", err)
}

// raise sets the heads of studies that are behind their messages, as after a restore by
// hand. coup_append_entries does not look: it would cost every post some time.
const raise = `UPDATE coup_studies SET head = m.seq
	FROM (SELECT study_id, max(seq) AS seq FROM (SELECT study_id, seq FROM coup_messages UNION ALL SELECT study_id, seq FROM coup_entries) AS l
		WHERE study_id = ANY($1) GROUP BY study_id) AS m
	WHERE coup_studies.study_id = m.study_id AND head < m.seq`

func (s *Store) raiseHeads(ctx context.Context, msgs []store.Message) error {
	var studies pq.StringArray
	for _, m := range msgs {
		studies = append(studies, string(m.StudyID))
	}
	_, err := s.raise.ExecContext(ctx, studies)
	return err
}

func (s *Store) appendSorted(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	order := byStudy(msgs)
	c := columns(msgs, order)
	var out []store.Message // not read after an error: the call may go on, see within
	err := s.append.run(ctx, func(ctx context.Context, r runner) error {
		rows, err := r.QueryxContext(ctx, c[:]...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out, err = appended(rows, msgs, order)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// byStudy returns the indexes of msgs, sorted by study. All callers lock studies in this
// order. The messages of one study keep their order.
func byStudy(msgs []store.Message) []int {
	order := make([]int, len(msgs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(msgs[a].StudyID, msgs[b].StudyID)
	})
	return order
}
