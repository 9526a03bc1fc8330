package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// maxKept is how many notifications of a user are kept.
const maxKept = 100

// A note is a notification of a study that is kept for its users.
type note struct {
	ID      string        `db:"id" json:"id"`
	Study   store.StudyID `db:"study_id" json:"studyId"`
	Type    string        `db:"type" json:"type"`
	Message string        `db:"message" json:"message"`
	Link    string        `db:"link" json:"link"`
	At      int64         `db:"created_at" json:"at"`
	Seen    bool          `db:"seen" json:"seen"`
}

// tell keeps a notification for users, and sends it to those who are online.
func (a *api) tell(ctx context.Context, n note, users ...store.UserID) {
	n = a.keep(ctx, n, users...)
	for _, user := range users {
		a.announce(ctx, room.StudyEvent{Type: n.Type, StudyID: n.Study, UserID: user, Message: n.Message, Link: n.Link, ID: n.ID})
	}
}

// keep keeps a notification for users, and returns it with its id. It succeeds or is logged: what
// the notification tells of has happened.
func (a *api) keep(ctx context.Context, n note, users ...store.UserID) note {
	n, err := a.studies.keep(context.WithoutCancel(ctx), n, users...) // the caller may have disconnected
	if err != nil {
		a.log.Warn("notification not kept", "type", n.Type, "err", err)
	}
	return n
}

// keep keeps a notification for users, and returns it with its id.
func (s *studies) keep(ctx context.Context, n note, users ...store.UserID) (note, error) {
	if n.ID == "" {
		n.ID = rand.Text()
	}
	if n.Link == "" {
		n.Link = studyLink(n.Study)
	}
	at := time.Now().UnixMicro()
	if len(users) == 0 {
		return n, nil
	}
	return n, s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, statement := range []struct {
			text string
			args []any
		}{
			{`INSERT INTO study_app_notifications (user_id, id, study_id, type, message, link, created_at, seen)
				SELECT u.id, ?, ?, ?, ?, ?, ?, ? FROM study_app_users u WHERE u.id IN (?) ON CONFLICT (user_id, id) DO NOTHING`,
				[]any{n.ID, n.Study, n.Type, n.Message, n.Link, at, false, users}},
			{`DELETE FROM study_app_notifications WHERE (user_id, id) IN (SELECT user_id, id FROM (
				SELECT user_id, id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY created_at DESC, id) AS place
				FROM study_app_notifications WHERE user_id IN (?)) ordered WHERE place > ?)`,
				[]any{users, maxKept}},
		} {
			text, args, err := sqlx.In(statement.text, statement.args...)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, tx.Rebind(text), args...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *api) listNotifications(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	found := []note{}
	err := a.studies.db.SelectContext(r.Context(), &found, a.studies.db.Rebind(`SELECT id, study_id, type, message, link, created_at / 1000 AS created_at, seen
		FROM study_app_notifications WHERE user_id = ? ORDER BY study_app_notifications.created_at DESC, id LIMIT ?`), who.UserID, maxKept)
	if err != nil {
		return 0, nil, failed(err, "list notifications")
	}
	return http.StatusOK, found, nil
}

// seeNotifications marks all notifications of the caller as seen.
func (a *api) seeNotifications(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	_, err := a.studies.db.ExecContext(r.Context(), a.studies.db.Rebind(`UPDATE study_app_notifications SET seen = ? WHERE user_id = ? AND NOT seen`), true, who.UserID)
	if err != nil {
		return 0, nil, failed(err, "mark notifications")
	}
	return http.StatusNoContent, nil, nil
}
