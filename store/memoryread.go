package store

import (
	"context"
	"slices"
)

// at returns the entry of a seq as it is now: an edit with what the message says.
func (st *memoryStudy) at(seq int64) Entry {
	e := st.entries[seq-1]
	switch e.Kind {
	case KindMessage:
		for _, r := range st.reactions[seq] {
			users := slices.Clone(r.users[:min(len(r.users), MaxReactors)])
			e.Reactions = append(e.Reactions, Reaction{r.emoji, len(r.users), users})
		}
	case KindEdit:
		m := st.entries[e.MessageSeq-1]
		e.Content, e.Mentions, e.Attachments, e.Meta, e.DeletedAt = m.Content, m.Mentions, m.Attachments, m.Meta, m.DeletedAt
	}
	return e
}

// History implements Store.
func (s *Memory) History(ctx context.Context, q Query) ([]Message, error) {
	return s.read(ctx, q, func(e *Entry) bool { return e.Kind == KindMessage })
}

// Entries implements Log.
func (s *Memory) Entries(ctx context.Context, q Query) ([]Entry, error) {
	return s.read(ctx, q, func(*Entry) bool { return true })
}

// read returns the entries that q selects and that wanted takes.
func (s *Memory) read(ctx context.Context, q Query, wanted func(*Entry) bool) (found []Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.studies[q.StudyID]
	if st == nil {
		return nil, nil
	}
	// The entry of seq n has index n-1.
	from, to := max(q.After, 0), int64(len(st.entries))
	if q.Before > 0 {
		to = min(to, q.Before-1)
	}
	for from < to && len(found) < q.Limit {
		seq := from + 1
		if q.Newest {
			seq = to
			to--
		} else {
			from++
		}
		if wanted(&st.entries[seq-1]) {
			found = append(found, st.at(seq))
		}
	}
	if q.Newest {
		slices.Reverse(found)
	}
	return found, nil
}
