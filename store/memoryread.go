package store

import (
	"context"
	"slices"
)

// at returns the entry of a seq as it is now: an edit with what the message says.
func (st *memoryStudy) at(study StudyID, seq int64) Entry {
	row, page := st.row(seq)
	var e Entry
	if row.rare {
		e = *st.rare[seq]
	} else {
		e = page.entry(study, row, seq)
	}
	switch e.Kind {
	case KindMessage:
		for _, r := range st.reactions[seq] {
			users := slices.Clone(r.users[:min(len(r.users), MaxReactors)])
			e.Reactions = append(e.Reactions, Reaction{r.emoji, len(r.users), users})
		}
	case KindEdit:
		if e.MessageSeq <= st.gone { // as if it was deleted
			e.DeletedAt = e.SentAt
			break
		}
		m := st.at(study, e.MessageSeq)
		e.Content, e.Mentions, e.Attachments, e.Meta, e.DeletedAt = m.Content, m.Mentions, m.Attachments, m.Meta, m.DeletedAt
	}
	return e
}

// History implements Store.
func (s *Memory) History(ctx context.Context, q Query) ([]Message, error) {
	return s.read(ctx, q, func(k Kind) bool { return k == KindMessage })
}

// Entries implements Log.
func (s *Memory) Entries(ctx context.Context, q Query) ([]Entry, error) {
	return s.read(ctx, q, func(Kind) bool { return true })
}

// read returns the entries that q selects and that wanted takes.
func (s *Memory) read(ctx context.Context, q Query, wanted func(Kind) bool) (found []Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.studies[q.StudyID]
	if st == nil {
		return nil, nil
	}
	from, to := max(q.After, st.gone), st.head
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
		if row, _ := st.row(seq); wanted(row.kind) {
			found = append(found, st.at(q.StudyID, seq))
		}
	}
	if q.Newest {
		slices.Reverse(found)
	}
	return found, nil
}
