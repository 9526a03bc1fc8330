package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/coupchat/coup/internal/runs"
)

var _ Eraser = (*Memory)(nil)

// Erase implements Eraser.
func (s *Memory) Erase(ctx context.Context, e Erasure) (erased []Entry, err error) {
	if err := cmp.Or(ctx.Err(), e.Check()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	studies := []StudyID{e.StudyID}
	if e.StudyID == "" {
		studies = slices.Sorted(maps.Keys(s.studies))
	}
	n := int64(0)
	for _, id := range studies {
		st := s.studies[id]
		if st == nil {
			continue
		}
		for _, entry := range st.erase(id, e) {
			n += entry.To - entry.From + 1
			erased = append(erased, entry)
		}
		if n >= MaxErased {
			break
		}
	}
	return erased, nil
}

// erase erases up to MaxErased messages, and then the rest that is the user's.
func (st *memoryStudy) erase(study StudyID, e Erasure) (erased []Entry) {
	now := now()
	var seqs []int64
	to := st.head
	if e.To > 0 {
		to = min(to, e.To)
	}
	for seq := max(e.From, st.gone+1); seq <= to; seq++ {
		row, page := st.row(seq)
		if e.UserID != "" && !page.by(row, e.UserID) {
			continue
		}
		if row.kind != KindMessage {
			if e.UserID != "" {
				st.unname(study, seq)
			}
			continue
		}
		if row.rare && !st.rare[seq].DeletedAt.IsZero() && st.rare[seq].UserName == "" {
			continue
		}
		seqs = append(seqs, seq)
		m := st.edit(study, seq)
		m.blank(now)
		st.unname(study, seq)
		delete(st.reactions, seq)
		if len(seqs) == MaxErased {
			break
		}
	}
	if e.UserID != "" {
		delete(st.reads, e.UserID)
	}
	for _, r := range runs.Of(seqs) {
		entry := Entry{Kind: KindErase, StudyID: study, UserID: System, ClientID: NewClientID(), SentAt: now, From: r[0], To: r[1]}
		st.push(&entry)
		st.remember(memoryKey{System, entry.ClientID}, entry.Seq)
		erased = append(erased, entry)
	}
	return erased
}

// unname takes the name of the user from an entry.
func (st *memoryStudy) unname(study StudyID, seq int64) {
	st.edit(study, seq).UserName = ""
	row, page := st.row(seq)
	clear(page.text[row.at+row.user : row.at+row.user+row.name])
}

// EntriesOf implements Eraser.
func (s *Memory) EntriesOf(ctx context.Context, q UserQuery) (found []Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range slices.Sorted(maps.Keys(s.studies)) {
		if id < q.AfterStudy {
			continue
		}
		st, after := s.studies[id], int64(0)
		if id == q.AfterStudy {
			after = q.After
		}
		for seq := max(after, st.gone) + 1; seq <= st.head; seq++ {
			if len(found) == q.Limit {
				return found, nil
			}
			if row, page := st.row(seq); page.by(row, q.UserID) {
				found = append(found, st.at(id, seq))
			}
		}
	}
	return found, nil
}
