package room

import "github.com/coupchat/coup/store"

// reviseAll makes events show the message that an edit or a deletion has changed as it is now: so it
// is replayed, and what was deleted is in memory no more. It returns how many bytes more the events
// take.
func reviseAll(events []*Event, by *store.Entry) (grown int64) {
	if by.Kind != store.KindEdit && by.Kind != store.KindDelete {
		return 0
	}
	for i, ev := range events {
		m := &ev.Message
		if about := m.Kind == store.KindMessage && m.Seq == by.MessageSeq || m.Kind == store.KindEdit && m.MessageSeq == by.MessageSeq; !about {
			continue
		}
		changed := &Event{Kind: ev.Kind, Message: *m} // those who have ev may be reading it
		m = &changed.Message
		m.Content, m.Mentions, m.Attachments, m.Meta, m.DeletedAt = by.Content, by.Mentions, by.Attachments, by.Meta, by.DeletedAt
		switch {
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
