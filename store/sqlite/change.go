package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/store"
)

// known reports whether the client id of e belongs to an entry that is no message. It then makes e
// that entry, or says in Err that it is another one.
func (b *batch) known(ctx context.Context, e *store.Entry) (bool, error) {
	var was struct {
		Kind       store.Kind
		Seq        int64
		UserName   string        `db:"user_name"`
		SentAt     sqlstore.Time `db:"sent_at"`
		MessageSeq sql.NullInt64 `db:"message_seq"`
		Emoji      sql.NullString
		On         sql.NullBool `db:"is_on"`
		Count      sql.NullInt64
		Content    sql.NullString
		More       *string
		DeletedAt  sqlstore.Time `db:"deleted_at"`
	}
	err := b.get(ctx, &was, selectEntry, e.StudyID, e.UserID, e.ClientID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case was.Kind != e.Kind || was.MessageSeq.Int64 != e.MessageSeq:
		e.Err = store.ErrTaken
		return true, nil
	}
	e.Seq, e.SentAt, e.Repeated, e.UserName = was.Seq, was.SentAt.Time, true, was.UserName
	e.ID = sqlstore.EntryID(e)
	e.Emoji, e.On, e.Count, e.Content = was.Emoji.String, was.On.Bool, int(was.Count.Int64), was.Content.String
	switch e.Kind {
	case store.KindEdit:
		e.EditedAt, e.DeletedAt = e.SentAt, was.DeletedAt.Time
	case store.KindDelete:
		e.DeletedAt = e.SentAt
	}
	return true, sqlstore.SetMore(e, was.More)
}

// putOther stores an entry that is no message, and makes what it says so.
func (b *batch) putOther(ctx context.Context, e *store.Entry, st *study) error {
	var taken bool
	if err := b.get(ctx, &taken, selectTaken, e.StudyID, e.UserID, e.ClientID); err != nil {
		return err
	}
	if taken {
		e.Err = store.ErrTaken
		return nil
	}
	var author store.UserID
	var deleted sqlstore.Time
	err := b.statement(selectTarget).QueryRowxContext(ctx, e.StudyID, e.MessageSeq).Scan(&author, &deleted)
	switch {
	case errors.Is(err, sql.ErrNoRows) || err == nil && !deleted.IsZero():
		e.Err = store.ErrNotFound
		return nil
	case err != nil:
		return err
	case e.Kind != store.KindReaction && author != e.UserID && !e.Any:
		e.Err = store.ErrForbidden
		return nil
	}
	changed, err := b.change(ctx, e, st)
	if err != nil || !changed {
		return err
	}
	st.Head++
	st.Others = true
	e.Seq = st.Head
	emoji, on, count := any(nil), any(nil), any(nil)
	if e.Kind == store.KindReaction {
		emoji, on, count = e.Emoji, e.On, e.Count
	}
	_, err = b.exec(ctx, insertEntry, e.StudyID, e.Seq, e.Kind, e.UserID, e.UserName, e.ClientID, store.FormatTime(e.SentAt), e.MessageSeq, emoji, on, count)
	return err
}

// change changes the message. It reports whether anything has changed.
func (b *batch) change(ctx context.Context, e *store.Entry, st *study) (bool, error) {
	now := store.FormatTime(e.SentAt)
	switch e.Kind {
	case store.KindEdit:
		e.EditedAt = e.SentAt
		n, err := b.exec(ctx, updateMessage, e.Content, orNil(sqlstore.MoreOf(e)), now, e.StudyID, e.MessageSeq)
		return n == 1, err
	case store.KindDelete:
		e.DeletedAt = e.SentAt
		if _, err := b.exec(ctx, deleteReactions, e.StudyID, e.MessageSeq); err != nil {
			return false, err
		}
		n, err := b.exec(ctx, blankMessage, now, e.StudyID, e.MessageSeq)
		return n == 1, err
	}
	return b.react(ctx, e, st)
}

func (b *batch) react(ctx context.Context, e *store.Entry, st *study) (bool, error) {
	var changed int64
	var err error
	if e.On {
		var others int
		if err := b.get(ctx, &others, countEmojis, e.StudyID, e.MessageSeq, e.Emoji); err != nil {
			return false, err
		}
		if others >= store.MaxEmojis {
			e.Err = store.ErrReactions
			return false, nil
		}
		changed, err = b.exec(ctx, insertReaction, e.StudyID, e.MessageSeq, e.Emoji, e.UserID, st.Head+1)
	} else {
		changed, err = b.exec(ctx, deleteReaction, e.StudyID, e.MessageSeq, e.Emoji, e.UserID)
	}
	if err != nil {
		return false, err
	}
	if err := b.get(ctx, &e.Count, countReactions, e.StudyID, e.MessageSeq, e.Emoji); err != nil || changed == 0 {
		return false, err
	}
	_, err = b.exec(ctx, markReacted, e.StudyID, e.MessageSeq)
	return true, err
}
