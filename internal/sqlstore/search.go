package sqlstore

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/coupchat/coup/internal/search"
	"github.com/coupchat/coup/store"
)

// maxCandidates is how many messages that have some pairs of a query are read at once.
const maxCandidates = 200

// Search implements store.Searcher, after StartIndex.
func (s *Store) Search(ctx context.Context, q store.SearchQuery) (found []store.Message, err error) {
	if s.index == nil {
		return nil, errors.ErrUnsupported
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	query := search.Parse(q.Text)
	if len(query.Pairs) == 0 {
		return nil, nil
	}
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	text := s.db.Rebind(s.dialect.expand(candidates(len(query.Pairs))))
	for {
		args := []any{q.StudyID}
		for _, p := range query.Pairs {
			args = append(args, q.StudyID, p, before)
		}
		args = append(args, q.UserID, q.UserID, maxCandidates)
		var rows []row
		if err := s.db.SelectContext(ctx, &rows, text, args...); err != nil {
			return nil, Wrap("search in "+string(q.StudyID), err)
		}
		page, err := entriesOf(rows)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if query.Matches(m.Content) {
				if found = append(found, m); len(found) == q.Limit {
					return found, nil
				}
			}
			before = m.Seq
		}
		if len(page) < maxCandidates {
			return found, nil
		}
	}
}

// candidates is the text that selects messages with n pairs. Each part reads a range of the primary
// key, so the time does not depend on how the database joins tables.
func candidates(n int) string {
	const having = `SELECT seq FROM coup_search WHERE study_id = ? AND pair = ? AND seq < ?`
	return `SELECT ` + fields + ` FROM coup_messages AS m WHERE m.study_id = ? AND m.seq IN (` +
		strings.Join(slices.Repeat([]string{having}, n), ` INTERSECT `) + `)
		AND (CAST(? AS text) = '' OR m.user_id = ?) ORDER BY m.seq DESC LIMIT ?`
}
