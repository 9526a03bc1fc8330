package sqlstore

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/coupchat/coup/store"
)

// row is an entry as it is selected. Those of History have no kind, which is that of a message.
type row struct {
	Kind       store.Kind
	ID         string
	StudyID    store.StudyID `db:"study_id"`
	Seq        int64
	UserID     store.UserID `db:"user_id"`
	UserName   string       `db:"user_name"`
	Content    *string
	ClientID   string `db:"client_id"`
	SentAt     Time   `db:"sent_at"`
	ReplyTo    *int64 `db:"reply_to"`
	More       *string
	EditedAt   Time `db:"edited_at"`
	DeletedAt  Time `db:"deleted_at"`
	Reactions  *string
	MessageSeq *int64 `db:"message_seq"`
	Emoji      *string
	On         *bool `db:"is_on"`
	Count      *int
	From       *int64 `db:"from_seq"`
	To         *int64 `db:"to_seq"`
}

// More is what the column more holds: what a message has besides text.
type More struct {
	Mentions    []store.UserID     `json:"mentions,omitempty"`
	Attachments []store.Attachment `json:"attachments,omitempty"`
	Meta        string             `json:"meta,omitempty"`
}

// MoreOf returns the value of the column more, "" for NULL.
func MoreOf(e *store.Entry) string {
	if len(e.Mentions) == 0 && len(e.Attachments) == 0 && e.Meta == "" {
		return ""
	}
	return JSON(More{e.Mentions, e.Attachments, e.Meta})
}

// SetMore sets the fields of e that the column more holds.
func SetMore(e *store.Entry, column *string) error {
	var m More
	if column != nil {
		if err := json.Unmarshal([]byte(*column), &m); err != nil {
			return fmt.Errorf("column more of %s %d: %w", e.StudyID, e.Seq, err)
		}
	}
	e.Mentions, e.Attachments, e.Meta = m.Mentions, m.Attachments, m.Meta
	return nil
}

// value returns what p points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (r *row) entry() (store.Entry, error) {
	e := store.Entry{
		Kind: r.Kind, ID: r.ID, StudyID: r.StudyID, Seq: r.Seq, UserID: r.UserID, UserName: r.UserName,
		Content: value(r.Content), ClientID: r.ClientID, SentAt: r.SentAt.Time,
		EditedAt: r.EditedAt.Time, DeletedAt: r.DeletedAt.Time,
	}
	switch r.Kind {
	case store.KindMessage:
		e.ReplyTo = value(r.ReplyTo)
		if r.Reactions != nil {
			if err := json.Unmarshal([]byte(*r.Reactions), &e.Reactions); err != nil {
				return e, fmt.Errorf("reactions to %s %d: %w", e.StudyID, e.Seq, err)
			}
		}
	case store.KindEdit:
		e.EditedAt = e.SentAt
	case store.KindDelete:
		e.DeletedAt = e.SentAt
	}
	e.MessageSeq, e.Emoji, e.On, e.Count, e.From, e.To = value(r.MessageSeq), value(r.Emoji), value(r.On), value(r.Count), value(r.From), value(r.To)
	if r.More == nil {
		return e, nil
	}
	return e, SetMore(&e, r.More)
}

// EntryID returns the id of an entry with this seq, as the databases make it.
func EntryID(e *store.Entry) string {
	return string(e.StudyID) + ":" + strconv.FormatInt(e.Seq, 10)
}

func entriesOf(rows []row) ([]store.Entry, error) {
	found := make([]store.Entry, len(rows))
	for i := range rows {
		var err error
		if found[i], err = rows[i].entry(); err != nil {
			return nil, err
		}
	}
	return found, nil
}
