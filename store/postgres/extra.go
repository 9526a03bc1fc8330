package postgres

import (
	"time"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
	"github.com/lib/pq"
)

// extra is what coup_append_entries gets of an entry, and answers, besides text.
type extra struct {
	Kind       store.Kind `json:"kind,omitempty"`
	MessageSeq int64      `json:"messageSeq,omitempty"`
	ReplyTo    int64      `json:"replyTo,omitempty"`
	More       *string    `json:"more,omitempty"`
	Emoji      string     `json:"emoji,omitempty"`
	On         bool       `json:"on,omitempty"`
	Any        bool       `json:"any,omitempty"`
	Max        int        `json:"max,omitempty"` // different reactions
	Count      int        `json:"count,omitempty"`
	EditedAt   *time.Time `json:"editedAt,omitempty"`
	DeletedAt  *time.Time `json:"deletedAt,omitempty"`
}

// extraOf returns the parameter of e, "" for a message with nothing but text.
func extraOf(e *store.Entry) string {
	x := extra{Kind: e.Kind, MessageSeq: e.MessageSeq, ReplyTo: e.ReplyTo, Emoji: e.Emoji, On: e.On, Any: e.Any}
	if e.Kind == store.KindMessage || e.Kind == store.KindEdit {
		if more := sqlstore.MoreOf(e); more != "" {
			x.More = &more
		}
	}
	switch {
	case x == extra{}:
		return ""
	case e.Kind == store.KindReaction:
		x.Max = store.MaxEmojis
	}
	return sqlstore.JSON(x)
}

// columns returns the parameters of coup_append_entries.
func columns(msgs []store.Entry, order []int) [6]any {
	var c [5]pq.StringArray
	for i := range c {
		c[i] = make(pq.StringArray, len(order))
	}
	var extras pq.StringArray // none if all entries are plain
	for i, at := range order {
		m := &msgs[at]
		c[0][i], c[1][i] = string(m.StudyID), string(m.UserID)
		c[2][i], c[3][i], c[4][i] = m.UserName, m.Content, m.ClientID
		if x := extraOf(m); x != "" {
			if extras == nil {
				extras = make(pq.StringArray, len(order))
			}
			extras[i] = x
		}
	}
	return [6]any{c[0], c[1], c[2], c[3], c[4], extras}
}

// set sets what the answer says of e.
func (x *extra) set(e *store.Entry) error {
	if e.Kind == store.KindReaction {
		e.Emoji, e.On, e.Count = x.Emoji, x.On, x.Count
		return nil
	}
	e.ReplyTo = x.ReplyTo
	if x.EditedAt != nil {
		e.EditedAt = x.EditedAt.UTC()
	}
	if x.DeletedAt != nil {
		e.DeletedAt = x.DeletedAt.UTC()
	}
	return sqlstore.SetMore(e, x.More)
}
