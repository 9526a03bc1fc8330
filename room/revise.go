package room

import (
	"time"

	"github.com/coupchat/coup/store"
)

// reviseAll makes events show the message that an edit, a deletion or an erasure has changed as it is now: so it
// is replayed, and what was deleted is in memory no more. It returns how many bytes more the events
// take.
func reviseAll(events []*Event, by *store.Entry) (grown int64) {
	if !revises(by) {
		return 0
	}
	for i, ev := range events {
		m := &ev.Message
		if !concerns(by, m) {
			continue
		}
		changed := &Event{Kind: ev.Kind, Message: *m} // those who have ev may be reading it
		m = &changed.Message
		m.Content, m.Mentions, m.Attachments, m.Meta, m.DeletedAt = by.Content, by.Mentions, by.Attachments, by.Meta, by.DeletedAt
		switch {
		case by.Kind == store.KindErase:
			m.UserName, m.ReplyTo, m.EditedAt, m.Reactions, m.DeletedAt = "", 0, time.Time{}, nil, by.SentAt
			if m.Kind == store.KindEdit {
				m.EditedAt = m.SentAt
			}
		case m.Kind == store.KindEdit:
		case by.Kind == store.KindDelete:
			m.ReplyTo, m.EditedAt, m.Reactions = 0, by.EditedAt, nil
		default:
			m.EditedAt = by.EditedAt
		}
		grown += changed.size() - ev.size()
		events[i] = changed
	}
	return grown
}

// revises reports whether an entry takes something away that a message has said.
func revises(e *store.Entry) bool {
	return e.Kind == store.KindEdit || e.Kind == store.KindDelete || e.Kind == store.KindErase
}

// concerns reports whether by changes what e shows: a message, or an edit of one.
func concerns(by, e *store.Entry) bool {
	var message int64
	switch e.Kind {
	case store.KindMessage:
		message = e.Seq
	case store.KindEdit:
		message = e.MessageSeq
	default:
		return false
	}
	if by.Kind == store.KindErase {
		return message >= by.From && message <= by.To
	}
	return message == by.MessageSeq
}
