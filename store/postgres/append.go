package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// Append implements store.Store. It is one round trip: the function coup_append
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
	return out, sqlstore.Wrap("append", err)
}

// raise sets the heads of studies that are behind their messages, as after a restore by
// hand. coup_append does not look: it would cost every post some time.
const raise = `UPDATE coup_studies SET head = m.seq
	FROM (SELECT study_id, max(seq) AS seq FROM coup_messages WHERE study_id = ANY($1) GROUP BY study_id) AS m
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
		rows, err := r.QueryxContext(ctx, c[0], c[1], c[2], c[3], c[4])
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

// appended returns msgs as rows, in the given order, say that they were stored.
func appended(rows *sqlx.Rows, msgs []store.Message, order []int) ([]store.Message, error) {
	out := slices.Clone(msgs)
	n := 0
	for ; n < len(order) && rows.Next(); n++ {
		m := &out[order[n]]
		var at sqlstore.Time
		var name, content *string // of the original, if m repeats it
		if err := rows.Scan(&m.Seq, &at, &m.Repeated, &name, &content); err != nil {
			return nil, err
		}
		m.SentAt = at.Time
		m.ID = string(m.StudyID) + ":" + strconv.FormatInt(m.Seq, 10)
		if m.Repeated {
			m.UserName, m.Content = *name, *content
		}
	}
	// The server sends the rows before it commits. Only Err after the last row says
	// whether it has.
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if n != len(msgs) {
		return nil, fmt.Errorf("coup_append answered %d of %d messages", n, len(msgs))
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

// columns returns the parameters of coup_append.
func columns(msgs []store.Message, order []int) [5]pq.StringArray {
	var c [5]pq.StringArray
	for i := range c {
		c[i] = make(pq.StringArray, len(order))
	}
	for i, at := range order {
		m := &msgs[at]
		c[0][i], c[1][i] = string(m.StudyID), string(m.UserID)
		c[2][i], c[3][i], c[4][i] = m.UserName, m.Content, m.ClientID
	}
	return c
}
