package store

import (
	"cmp"
	"slices"
	"time"
)

// memoryReaction is an emoji on a message, with all its users in the order in which they came.
type memoryReaction struct {
	emoji string
	users []UserID
	seqs  []int64 // of the entries that added them
}

// append stores e, or says in its Err why not.
func (st *memoryStudy) append(e Entry, now time.Time) Entry {
	key := memoryKey{e.UserID, e.ClientID}
	if seq := st.find(key); seq > 0 {
		was := st.at(e.StudyID, seq)
		if was.Kind != e.Kind || was.MessageSeq != e.MessageSeq {
			e.Err = ErrTaken
			return e
		}
		was.Repeated = true
		return was
	}
	e.ID, e.Seq, e.SentAt, e.Repeated, e.Err = "", 0, now, false, nil
	e.Mentions, e.Attachments = slices.Clone(e.Mentions), slices.Clone(e.Attachments) // Append keeps nothing of its caller
	e.EditedAt, e.DeletedAt, e.Reactions, e.Count = time.Time{}, time.Time{}, nil, 0
	if e.Kind != KindMessage {
		if e.Err = st.change(&e); e.Err != nil || e.Kind == KindReaction && !st.react(&e) {
			return e
		}
	}
	st.push(&e)
	st.remember(key, e.Seq)
	return e
}

// change makes what an entry says of a message so. It returns an error if the message is not there,
// or belongs to somebody else.
func (st *memoryStudy) change(e *Entry) error {
	if e.MessageSeq <= st.gone || e.MessageSeq > st.head {
		return ErrNotFound
	}
	row, page := st.row(e.MessageSeq)
	if row.kind != KindMessage || row.rare && !st.rare[e.MessageSeq].DeletedAt.IsZero() {
		return ErrNotFound
	}
	if e.Kind != KindReaction && !page.by(row, e.UserID) && !e.Any {
		return ErrForbidden
	}
	switch e.Kind {
	case KindEdit:
		m := st.edit(e.StudyID, e.MessageSeq)
		m.Content, m.Mentions, m.Attachments, m.Meta, m.EditedAt = e.Content, e.Mentions, e.Attachments, e.Meta, e.SentAt
		e.EditedAt = e.SentAt
	case KindDelete:
		st.edit(e.StudyID, e.MessageSeq).blank(e.SentAt)
		delete(st.reactions, e.MessageSeq)
		e.DeletedAt = e.SentAt
	case KindReaction:
		if on := st.reactions[e.MessageSeq]; e.On && len(on) == MaxEmojis && !slices.ContainsFunc(on, e.reacts) {
			return ErrReactions
		}
	}
	return nil
}

// blank takes away what a message said.
func (e *Entry) blank(at time.Time) {
	e.Content, e.ReplyTo, e.Mentions, e.Attachments, e.Meta, e.EditedAt, e.DeletedAt = "", 0, nil, nil, "", time.Time{}, at
}

func (e *Entry) reacts(r memoryReaction) bool { return r.emoji == e.Emoji }

// react adds a reaction or takes it away. It reports whether that changed anything, and counts.
func (st *memoryStudy) react(e *Entry) bool {
	on := st.reactions[e.MessageSeq]
	i := slices.IndexFunc(on, e.reacts)
	if i < 0 {
		if !e.On {
			return false
		}
		i, on = len(on), append(on, memoryReaction{emoji: e.Emoji})
	}
	r := &on[i]
	at := slices.Index(r.users, e.UserID)
	changed := e.On == (at < 0)
	switch {
	case changed && e.On:
		r.users, r.seqs = append(r.users, e.UserID), append(r.seqs, st.head+1)
	case changed:
		r.users, r.seqs = slices.Delete(r.users, at, at+1), slices.Delete(r.seqs, at, at+1)
	}
	if e.Count = len(r.users); e.Count == 0 {
		on = slices.Delete(on, i, i+1)
	}
	slices.SortFunc(on, func(a, b memoryReaction) int { return cmp.Compare(a.seqs[0], b.seqs[0]) })
	st.reactions[e.MessageSeq] = on
	return changed
}
