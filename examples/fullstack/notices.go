package main

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// maxNotices is how many notices of a study are listed, the pinned ones first.
const maxNotices = 50

// A notice is a short text for all members of a study. It is no chat message.
type notice struct {
	ID       string       `db:"id" json:"id"`
	UserID   store.UserID `db:"user_id" json:"userId"`
	UserName string       `db:"user_name" json:"userName"`
	Message  string       `db:"message" json:"message"`
	Pinned   bool         `db:"pinned" json:"pinned"`
	At       int64        `db:"created_at" json:"at"`
}

// postNotice keeps a notice and notifies everybody in the study.
func (a *api) postNotice(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	message, err := readField(w, r, "message")
	if err != nil {
		return 0, nil, err
	}
	message, err = cleanText("message", message, maxNotice)
	if err != nil {
		return 0, nil, err
	}
	found, err := a.studies.members(r.Context(), id)
	if err != nil {
		return 0, nil, err
	}
	key := rand.Text()
	err = a.studies.execAs(r.Context(), who, `INSERT INTO study_app_notices (id, study_id, user_id, message, pinned, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		key, id, who.UserID, message, false, time.Now().UnixMilli())
	if err != nil {
		return 0, nil, failed(err, "keep a notice")
	}
	var others []store.UserID
	for _, m := range found {
		if string(m.UserID) != who.UserID {
			others = append(others, m.UserID)
		}
	}
	text := who.UserName + ": " + message
	a.keep(r.Context(), note{ID: "notice:" + key, Study: id, Type: room.Notice, Message: text}, others...)
	a.announce(r.Context(), room.StudyEvent{Type: room.Notice, StudyID: id, Message: text, Link: studyLink(id), ID: "notice:" + key})
	return http.StatusCreated, map[string]any{"id": key}, nil
}

func (a *api) listNotices(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	found := []notice{}
	err = a.studies.db.SelectContext(r.Context(), &found, a.studies.db.Rebind(`SELECT n.id, n.user_id, u.name AS user_name, n.message, n.pinned, n.created_at
		FROM study_app_notices n JOIN study_app_users u ON u.id = n.user_id
		WHERE n.study_id = ? ORDER BY n.pinned DESC, n.created_at DESC, n.id LIMIT ?`), id, maxNotices)
	if err != nil {
		return 0, nil, failed(err, "list the notices of %s", id)
	}
	return http.StatusOK, found, nil
}

// pinNotice pins a notice at the top of the study, or unpins it.
func (a *api) pinNotice(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.leadership(r, who)
	if err != nil {
		return 0, nil, err
	}
	var pinned bool
	if err := readFields(w, r, map[string]any{"pinned": &pinned}); err != nil {
		return 0, nil, err
	}
	return a.changeNotice(r, id, `UPDATE study_app_notices SET pinned = ? WHERE study_id = ? AND id = ?`, pinned, id, r.PathValue("noticeId"))
}

// deleteNotice is for its author, the owner and the moderators.
func (a *api) deleteNotice(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, role, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	author := who.UserID
	if leads(role) {
		author = "" // of anybody
	}
	return a.changeNotice(r, id, `DELETE FROM study_app_notices WHERE study_id = ? AND id = ? AND (user_id = ? OR ? = '')`, id, r.PathValue("noticeId"), author, author)
}

// changeNotice changes one notice, and tells the room to read the list again.
func (a *api) changeNotice(r *http.Request, id store.StudyID, query string, args ...any) (int, any, error) {
	result, err := a.studies.db.ExecContext(r.Context(), a.studies.db.Rebind(query), args...)
	if err != nil {
		return 0, nil, failed(err, "change a notice")
	}
	n, err := result.RowsAffected()
	switch {
	case err != nil:
		return 0, nil, failed(err, "change a notice")
	case n == 0:
		return 0, nil, errNotFound
	}
	a.announce(r.Context(), room.StudyEvent{Type: "notices_changed", StudyID: id})
	return http.StatusNoContent, nil, nil
}
