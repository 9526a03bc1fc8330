package sqlstore

import (
	"context"
	"math"
	"slices"

	"github.com/coupchat/coup/store"
)

const (
	selected = `SELECT id, study_id, seq, user_id, user_name, content, client_id, sent_at
		FROM coup_messages WHERE study_id = ? AND seq > ? AND seq < ? `
	oldest = selected + `ORDER BY seq LIMIT ?`
	newest = selected + `ORDER BY seq DESC LIMIT ?`

	heads = `SELECT study_id, head FROM coup_studies WHERE study_id IN ({list})`
)

// row is a row of coup_messages.
type row struct {
	ID       string
	StudyID  store.StudyID `db:"study_id"`
	Seq      int64
	UserID   store.UserID `db:"user_id"`
	UserName string       `db:"user_name"`
	Content  string
	ClientID string `db:"client_id"`
	SentAt   Time   `db:"sent_at"`
}

func (r row) message() store.Message {
	return store.Message{
		ID: r.ID, StudyID: r.StudyID, Seq: r.Seq, UserID: r.UserID, UserName: r.UserName,
		Content: r.Content, ClientID: r.ClientID, SentAt: r.SentAt.Time,
	}
}

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
	msgs := make([]store.Message, len(rows))
	for i, r := range rows {
		msgs[i] = r.message()
	}
	return msgs, nil
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
	if err := s.heads.SelectContext(ctx, &rows, list(studies)); err != nil {
		return nil, Wrap("read heads", err)
	}
	for _, r := range rows {
		found[r.StudyID] = r.Head
	}
	return found, nil
}
