package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/coupchat/coup/internal/runs"
	"github.com/coupchat/coup/store"
)

const (
	// studiesOf are those in which something of a user is left.
	studiesOf = `SELECT study_id FROM coup_studies AS s WHERE
		EXISTS (SELECT 1 FROM coup_messages AS m WHERE m.study_id = s.study_id AND m.user_id = ? AND (m.deleted_at IS NULL OR m.user_name <> ''))
		OR EXISTS (SELECT 1 FROM coup_entries AS e WHERE e.study_id = s.study_id AND e.user_id = ? AND e.user_name <> '')
		OR EXISTS (SELECT 1 FROM coup_reads AS r WHERE r.study_id = s.study_id AND r.user_id = ?)
		ORDER BY study_id LIMIT 100`

	// Whoever has locked the row of a study is alone in it, see Append.
	lockStudy = `SELECT head, {now} AS now FROM coup_studies WHERE study_id = ? {forupdate}`

	erasable = `FROM coup_messages WHERE study_id = ? AND seq >= ? AND seq <= ?
		AND (CAST(? AS text) = '' OR user_id = ?) AND (deleted_at IS NULL OR user_name <> '')`

	eraseReactions = `DELETE FROM coup_reactions WHERE study_id = ? AND message_seq IN (SELECT seq ` + erasable + `)`

	eraseMessages = `UPDATE coup_messages SET content = '', user_name = '', reply_to = NULL, more = NULL, edited_at = NULL, reacted = NULL, deleted_at = ?
		WHERE study_id = ? AND seq IN (SELECT seq ` + erasable + `)`

	eraseNames = `UPDATE coup_entries SET user_name = '' WHERE study_id = ? AND user_id = ? AND user_name <> ''`

	eraseReads = `DELETE FROM coup_reads WHERE study_id = ? AND user_id = ?`

	insertErase = `INSERT INTO coup_entries (study_id, seq, kind, user_id, user_name, client_id, sent_at, from_seq, to_seq)
		VALUES (?, ?, 4, ?, '', ?, ?, ?, ?)`

	setHead = `UPDATE coup_studies SET head = ?{hasentries} WHERE study_id = ?`

	nextStudyOf = `SELECT study_id FROM coup_studies AS s WHERE study_id >= ?
		AND (EXISTS (SELECT 1 FROM coup_messages AS m WHERE m.study_id = s.study_id AND m.user_id = ? AND (m.study_id > ? OR m.seq > ?))
			OR EXISTS (SELECT 1 FROM coup_entries AS e WHERE e.study_id = s.study_id AND e.user_id = ? AND (e.study_id > ? OR e.seq > ?)))
		ORDER BY study_id LIMIT 1`
)

// Erase implements store.Eraser.
func (s *Store) Erase(ctx context.Context, e store.Erasure) ([]store.Entry, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	studies := []store.StudyID{e.StudyID}
	if e.StudyID == "" {
		studies = nil
		text := s.writer.Rebind(studiesOf)
		if err := s.writer.SelectContext(ctx, &studies, text, e.UserID, e.UserID, e.UserID); err != nil {
			return nil, Wrap("erase", err)
		}
	}
	var all []store.Entry
	n := int64(0)
	for _, study := range studies {
		erased, err := s.eraseIn(ctx, study, e)
		if err != nil {
			if len(all) > 0 {
				break // the next call has the error
			}
			return nil, Wrap("erase in "+string(study), err)
		}
		for _, entry := range erased {
			n += entry.To - entry.From + 1
		}
		if all = append(all, erased...); n >= store.MaxErased {
			break
		}
	}
	return all, nil
}

// eraseIn is Erase in one study.
func (s *Store) eraseIn(ctx context.Context, study store.StudyID, e store.Erasure) (erased []store.Entry, err error) {
	err = s.inTx(ctx, func(t tx) error {
		erased, err = t.erase(ctx, study, e)
		return err
	})
	return erased, err
}

func (t tx) erase(ctx context.Context, study store.StudyID, e store.Erasure) (erased []store.Entry, err error) {
	var was struct {
		Head int64
		Now  Time
	}
	switch err := t.get(ctx, &was, lockStudy, study); {
	case errors.Is(err, sql.ErrNoRows): // nothing was said there
		return nil, nil
	case err != nil:
		return nil, err
	}
	to := was.Head
	if e.To > 0 {
		to = min(to, e.To)
	}
	var seqs []int64
	if err := t.all(ctx, &seqs, `SELECT seq `+erasable+` ORDER BY seq LIMIT ?`, study, e.From, to, e.UserID, e.UserID, store.MaxErased); err != nil {
		return nil, err
	}
	at := store.FormatTime(was.Now.Time)
	if n := len(seqs); n > 0 {
		to = seqs[n-1]
		if err := t.exec(ctx, eraseReactions, study, study, e.From, to, e.UserID, e.UserID); err != nil {
			return nil, err
		}
		if err := t.exec(ctx, eraseMessages, at, study, study, e.From, to, e.UserID, e.UserID); err != nil {
			return nil, err
		}
	}
	if e.UserID != "" {
		for _, text := range []string{eraseNames, eraseReads} {
			if err := t.exec(ctx, text, study, e.UserID); err != nil {
				return nil, err
			}
		}
	}
	for i, r := range runs.Of(seqs) {
		entry := store.Entry{
			Kind: store.KindErase, StudyID: study, Seq: was.Head + int64(i) + 1, UserID: store.System, ClientID: store.NewClientID(),
			SentAt: was.Now.Time, From: r[0], To: r[1],
		}
		entry.ID = EntryID(&entry)
		if err := t.exec(ctx, insertErase, study, entry.Seq, entry.UserID, entry.ClientID, at, entry.From, entry.To); err != nil {
			return nil, err
		}
		erased = append(erased, entry)
	}
	if n := len(erased); n > 0 {
		return erased, t.exec(ctx, setHead, erased[n-1].Seq, study)
	}
	return nil, nil
}

// EntriesOf implements store.Eraser.
func (s *Store) EntriesOf(ctx context.Context, q store.UserQuery) ([]store.Entry, error) {
	var study store.StudyID
	err := s.db.GetContext(ctx, &study, s.db.Rebind(nextStudyOf), q.AfterStudy, q.UserID, q.AfterStudy, q.After, q.UserID, q.AfterStudy, q.After)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, Wrap("read the entries of "+string(q.UserID), err)
	}
	after := int64(0)
	if study == q.AfterStudy {
		after = q.After
	}
	var rows []row
	text := s.db.Rebind(s.dialect.expand(entriesOfUser))
	if err := s.db.SelectContext(ctx, &rows, text, study, q.UserID, after, q.Limit, study, q.UserID, after, q.Limit, q.Limit); err != nil {
		return nil, Wrap("read the entries of "+string(q.UserID), err)
	}
	return entriesOf(rows)
}
