package store

import (
	"cmp"
	"context"
	"slices"
)

// MarkRead implements Reads.
func (s *Memory) MarkRead(ctx context.Context, marks []ReadMark) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range marks {
		st := s.study(m.StudyID)
		st.reads[m.UserID] = min(max(m.Seq, st.reads[m.UserID]), st.head)
	}
	return nil
}

// ReadStates implements Reads.
func (s *Memory) ReadStates(ctx context.Context, of []Membership) ([]ReadState, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	states := make([]ReadState, len(of))
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, m := range of {
		st := s.studies[m.StudyID]
		if st == nil {
			continue
		}
		if seq, marked := st.reads[m.UserID]; marked {
			states[i] = ReadState{true, seq, st.unread(m.UserID, seq)}
		}
	}
	return states, nil
}

// unread counts the messages of others after seq.
func (st *memoryStudy) unread(user UserID, seq int64) (n int) {
	for seq = max(seq, st.gone) + 1; seq <= st.head && n < MaxUnread; seq++ {
		row, page := st.row(seq)
		if row.kind == KindMessage && !page.by(row, user) && (!row.rare || st.rare[seq].DeletedAt.IsZero()) {
			n++
		}
	}
	return n
}

// ReadMarks implements Reads.
func (s *Memory) ReadMarks(ctx context.Context, study StudyID) ([]ReadMark, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.studies[study]
	if st == nil {
		return nil, nil
	}
	marks := make([]ReadMark, 0, len(st.reads))
	for user, seq := range st.reads {
		marks = append(marks, ReadMark{study, user, seq})
	}
	slices.SortFunc(marks, func(a, b ReadMark) int { return cmp.Compare(a.UserID, b.UserID) })
	return marks, nil
}
