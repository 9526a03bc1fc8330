package sqlstore

import (
	"context"
	"math"
	"slices"

	"github.com/coupchat/coup/store"
)

const (
	fields   = `id, study_id, seq, user_id, user_name, content, client_id, sent_at, reply_to, more, edited_at, deleted_at, {reactions} AS reactions`
	selected = `SELECT ` + fields + ` FROM coup_messages AS m WHERE study_id = ? AND seq > ? AND seq < ? `
	oldest   = selected + `ORDER BY seq LIMIT ?`
	newest   = selected + `ORDER BY seq DESC LIMIT ?`

	// An edit is read with what its message says now. Both parts are read in the order of an index.
	entriesIn = `SELECT * FROM (
		SELECT * FROM (SELECT 0 AS kind, ` + fields + `, CAST(NULL AS bigint) AS message_seq, CAST(NULL AS text) AS emoji,
				CAST(NULL AS boolean) AS is_on, CAST(NULL AS integer) AS count, CAST(NULL AS bigint) AS from_seq, CAST(NULL AS bigint) AS to_seq
			FROM coup_messages AS m WHERE m.study_id = ? `
	entriesAnd = ` ORDER BY m.seq LIMIT ?) AS messages
		UNION ALL
		SELECT * FROM (SELECT e.kind, {entryid} AS id, e.study_id, e.seq, e.user_id, e.user_name, d.content, e.client_id, e.sent_at,
				CAST(NULL AS bigint) AS reply_to, d.more, CAST(NULL AS {time}) AS edited_at, d.deleted_at, CAST(NULL AS json) AS reactions, e.message_seq, e.emoji, e.is_on, e.count, e.from_seq, e.to_seq
			FROM coup_entries AS e LEFT JOIN coup_messages AS d ON e.kind = 1 AND d.study_id = e.study_id AND d.seq = e.message_seq
			WHERE e.study_id = ? `
	entriesEnd = ` ORDER BY e.seq LIMIT ?) AS others
		) AS l ORDER BY seq LIMIT ?`

	entries       = entriesIn + `AND m.seq > ? AND m.seq < ?` + entriesAnd + `AND e.seq > ? AND e.seq < ?` + entriesEnd
	entriesOfUser = entriesIn + `AND m.user_id = ? AND m.seq > ?` + entriesAnd + `AND e.user_id = ? AND e.seq > ?` + entriesEnd

	heads = `SELECT study_id, head FROM coup_studies WHERE study_id IN ({list})`
)

// History implements store.Store.
func (s *Store) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	stmt, before := s.oldest, q.Before
	if q.Newest {
		stmt = s.newest
	}
	if before == 0 {
		before = math.MaxInt64
	}
	var rows []row
	if err := stmt.SelectContext(ctx, &rows, q.StudyID, q.After, before, q.Limit); err != nil {
		return nil, Wrap("read history of "+string(q.StudyID), err)
	}
	if q.Newest {
		slices.Reverse(rows)
	}
	return entriesOf(rows)
}

// Entries implements store.Log.
func (s *Store) Entries(ctx context.Context, q store.Query) ([]store.Entry, error) {
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	var rows []row
	err := s.entries.SelectContext(ctx, &rows, q.StudyID, q.After, before, q.Limit, q.StudyID, q.After, before, q.Limit, q.Limit)
	if err != nil {
		return nil, Wrap("read entries of "+string(q.StudyID), err)
	}
	return entriesOf(rows)
}

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	found := make(map[store.StudyID]int64, len(studies))
	if len(studies) == 0 {
		return found, nil
	}
	for _, id := range studies {
		found[id] = 0
	}
	var rows []struct {
		StudyID store.StudyID `db:"study_id"`
		Head    int64
	}
	if err := s.heads.SelectContext(ctx, &rows, JSON(studies)); err != nil {
		return nil, Wrap("read heads", err)
	}
	for _, r := range rows {
		found[r.StudyID] = r.Head
	}
	return found, nil
}
