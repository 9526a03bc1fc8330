package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// refusals are the words with which coup_append_entries says why it did not store an entry.
var refusals = map[string]error{
	"not_found": store.ErrNotFound, "forbidden": store.ErrForbidden, "client_id": store.ErrTaken, "reactions": store.ErrReactions,
}

// appended returns msgs as rows, in the given order, say that they were stored.
func appended(rows *sqlx.Rows, msgs []store.Entry, order []int) ([]store.Entry, error) {
	out := slices.Clone(msgs)
	n := 0
	for ; n < len(order) && rows.Next(); n++ {
		if err := outcome(rows, &out[order[n]]); err != nil {
			return nil, err
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
		return nil, fmt.Errorf("coup_append_entries answered %d of %d entries", n, len(msgs))
	}
	return out, nil
}

// outcome reads a row into the entry that it is about.
func outcome(rows *sqlx.Rows, m *store.Entry) error {
	var at sqlstore.Time
	var name, content, more, refusal *string
	if err := rows.Scan(&m.Seq, &at, &m.Repeated, &name, &content, &more, &refusal); err != nil {
		return err
	}
	m.SentAt, m.ID, m.Err, m.Reactions = at.Time, "", nil, nil
	m.EditedAt, m.DeletedAt, m.Count = time.Time{}, time.Time{}, 0
	if refusal != nil {
		if m.Err = refusals[*refusal]; m.Err == nil {
			return fmt.Errorf("coup_append_entries refused with %q", *refusal)
		}
		return nil
	}
	if m.Seq > 0 {
		m.ID = sqlstore.EntryID(m)
	}
	if name != nil {
		m.UserName = *name
	}
	if m.Repeated {
		m.Content = ""
		if content != nil {
			m.Content = *content
		}
	}
	if more != nil {
		var x extra
		if err := json.Unmarshal([]byte(*more), &x); err != nil {
			return err
		}
		if err := x.set(m); err != nil {
			return err
		}
	}
	switch m.Kind {
	case store.KindEdit:
		m.EditedAt = m.SentAt
	case store.KindDelete:
		m.DeletedAt = m.SentAt
	}
	return nil
}
