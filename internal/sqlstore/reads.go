package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/coupchat/coup/store"
)

var (
	// The head of a study that nobody has written in is 0.
	markRead = `INSERT INTO coup_reads (study_id, user_id, seq)
		SELECT l.s, l.u, {least}(l.q, (SELECT coalesce(max(head), 0) FROM coup_studies AS h WHERE h.study_id = l.s))
		FROM {marks} WHERE true ORDER BY l.s, l.u
		ON CONFLICT (study_id, user_id) DO UPDATE SET seq = {least}({greatest}(coup_reads.seq, excluded.seq),
			(SELECT coalesce(max(head), 0) FROM coup_studies AS h WHERE h.study_id = excluded.study_id))`

	readStates = `SELECT study_id, user_id, seq, (
			SELECT count(*) FROM (SELECT 1 FROM coup_messages AS m WHERE m.study_id = r.study_id AND m.seq > r.seq
				AND m.user_id <> r.user_id AND m.deleted_at IS NULL LIMIT ` + strconv.Itoa(store.MaxUnread) + `) AS others) AS unread
		FROM (SELECT r.study_id, r.user_id, {least}(r.seq, (SELECT coalesce(max(head), 0) FROM coup_studies AS h WHERE h.study_id = r.study_id)) AS seq
			FROM {marks} JOIN coup_reads AS r ON r.study_id = l.s AND r.user_id = l.u) AS r`

	readMarks = `SELECT user_id, {least}(seq, (SELECT coalesce(max(head), 0) FROM coup_studies AS h WHERE h.study_id = r.study_id)) AS seq
		FROM coup_reads AS r WHERE study_id = ? ORDER BY user_id`
)

// mark is a store.ReadMark as a parameter.
type mark struct {
	Study store.StudyID `json:"s"`
	User  store.UserID  `json:"u"`
	Seq   int64         `json:"q"`
}

// MarkRead implements store.Reads.
func (s *Store) MarkRead(ctx context.Context, marks []store.ReadMark) error {
	if len(marks) == 0 {
		return nil
	}
	params := make([]mark, len(marks))
	for i, m := range marks {
		params[i] = mark{m.StudyID, m.UserID, max(m.Seq, 0)}
	}
	// Everybody writes rows in the same order, so nobody waits in a circle. A statement writes a
	// row once: of several marks the highest counts.
	slices.SortFunc(params, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.Study, b.Study), cmp.Compare(a.User, b.User), cmp.Compare(b.Seq, a.Seq))
	})
	params = slices.CompactFunc(params, func(a, b mark) bool { return a.Study == b.Study && a.User == b.User })
	_, err := s.markRead.ExecContext(ctx, JSON(params))
	return Wrap("mark as read", err)
}

// ReadStates implements store.Reads.
func (s *Store) ReadStates(ctx context.Context, of []store.Membership) ([]store.ReadState, error) {
	states := make([]store.ReadState, len(of))
	if len(of) == 0 {
		return states, nil
	}
	params := make([]mark, len(of))
	for i, m := range of {
		params[i] = mark{Study: m.StudyID, User: m.UserID}
	}
	var rows []struct {
		StudyID store.StudyID `db:"study_id"`
		UserID  store.UserID  `db:"user_id"`
		Seq     int64
		Unread  int
	}
	if err := s.readStates.SelectContext(ctx, &rows, JSON(params)); err != nil {
		return nil, Wrap("read what is unread", err)
	}
	found := make(map[store.Membership]store.ReadState, len(rows))
	for _, r := range rows {
		found[store.Membership{StudyID: r.StudyID, UserID: r.UserID}] = store.ReadState{Marked: true, Seq: r.Seq, Unread: r.Unread}
	}
	for i, m := range of {
		states[i] = found[m]
	}
	return states, nil
}

// ReadMarks implements store.Reads.
func (s *Store) ReadMarks(ctx context.Context, study store.StudyID) ([]store.ReadMark, error) {
	var rows []struct {
		UserID store.UserID `db:"user_id"`
		Seq    int64
	}
	if err := s.readMarks.SelectContext(ctx, &rows, study); err != nil {
		return nil, Wrap("read the marks of "+string(study), err)
	}
	marks := make([]store.ReadMark, len(rows))
	for i, r := range rows {
		marks[i] = store.ReadMark{StudyID: study, UserID: r.UserID, Seq: r.Seq}
	}
	return marks, nil
}
