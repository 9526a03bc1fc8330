package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
)

// inviteLife is how long an invitation is good.
const inviteLife = 7 * 24 * time.Hour

// An outsider is a user who asks to be let in.
type outsider struct {
	UserID   store.UserID `db:"user_id" json:"userId"`
	UserName string       `db:"user_name" json:"userName"`
	// Removed says that the user was a member, and was removed.
	Removed bool `db:"removed" json:"removed"`
}

// admit makes who a member, or notes that who asks to be let in: after a removal, and in a study
// with approval unless invited is set. It reports which, and whether that is new.
func (s *studies) admit(ctx context.Context, who auth.Identity, id store.StudyID, invited bool) (member, changed bool, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		found, err := s.find(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.know(ctx, tx, who); err != nil {
			return err
		}
		user := store.UserID(who.UserID)
		role, err := s.roleIn(ctx, tx, id, user)
		if err != nil || role != "" {
			member = role != ""
			return err
		}
		var removed []bool
		if err := tx.SelectContext(ctx, &removed, s.db.Rebind(`SELECT removed FROM study_app_outsiders WHERE study_id = ? AND user_id = ?`), id, user); err != nil {
			return err
		}
		was := len(removed) > 0 && removed[0]
		if member = !was && (invited || !found.Approval); member {
			changed = true
			return s.letIn(ctx, tx, id, user, memberRole)
		}
		result, err := tx.ExecContext(ctx, s.db.Rebind(`INSERT INTO study_app_outsiders (study_id, user_id, removed, asked_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (study_id, user_id) DO UPDATE SET asked_at = excluded.asked_at WHERE study_app_outsiders.asked_at = 0`), id, user, was, time.Now().UnixMilli())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		changed = n > 0
		return err
	})
	if err != nil {
		// The study may have been deleted since, which is an error of the database.
		if _, gone := s.find(ctx, s.db, id); errors.Is(gone, errNoStudy) {
			err = gone
		}
		return false, false, failed(err, "join %s", id)
	}
	return member, changed, nil
}

// approve makes a user a member who asks for it. It returns errNoMember if the user does not.
func (s *studies) approve(ctx context.Context, id store.StudyID, user store.UserID) error {
	return s.answer(ctx, id, user, func(tx *sqlx.Tx) error { return s.letIn(ctx, tx, id, user, memberRole) })
}

// refuse forgets that a user asks to be let in. It returns errNoMember if the user does not.
func (s *studies) refuse(ctx context.Context, id store.StudyID, user store.UserID) error {
	return s.answer(ctx, id, user, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE study_app_outsiders SET asked_at = 0 WHERE study_id = ? AND user_id = ?`), id, user)
		return err
	})
}

// answer calls f in a transaction if a user asks to be let in.
func (s *studies) answer(ctx context.Context, id store.StudyID, user store.UserID, f func(*sqlx.Tx) error) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		asks, err := s.asks(ctx, tx, id, user)
		if err == nil && !asks {
			err = errNoMember
		}
		if err != nil {
			return err
		}
		return f(tx)
	})
	if err != nil {
		return failed(err, "answer who asks for %s", id)
	}
	return nil
}

// asks reports whether a user asks to be let in.
func (s *studies) asks(ctx context.Context, q sqlx.QueryerContext, id store.StudyID, user store.UserID) (bool, error) {
	var n int
	err := sqlx.GetContext(ctx, q, &n, s.db.Rebind(`SELECT COUNT(*) FROM study_app_outsiders WHERE study_id = ? AND user_id = ? AND asked_at > 0`), id, user)
	return n > 0, err
}

// letIn makes a user a member, who was none.
func (s *studies) letIn(ctx context.Context, tx *sqlx.Tx, id store.StudyID, user store.UserID, role string) error {
	if _, err := tx.ExecContext(ctx, s.db.Rebind(`DELETE FROM study_app_outsiders WHERE study_id = ? AND user_id = ?`), id, user); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, s.db.Rebind(`INSERT INTO study_app_members (study_id, user_id, role, joined_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (study_id, user_id) DO NOTHING`), id, user, role, time.Now().UnixMilli())
	return err
}

// roleIn returns the role of a user in a study, or "".
func (s *studies) roleIn(ctx context.Context, q sqlx.QueryerContext, id store.StudyID, user store.UserID) (string, error) {
	var role string
	err := sqlx.GetContext(ctx, q, &role, s.db.Rebind(`SELECT role FROM study_app_members WHERE study_id = ? AND user_id = ?`), id, user)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return role, err
}

// roleUnderOwner returns the role of a member. It returns errNoMember if the user is none, and errOwner
// if it is the owner, whose role stays.
func (s *studies) roleUnderOwner(ctx context.Context, q sqlx.QueryerContext, id store.StudyID, user store.UserID) (string, error) {
	role, err := s.roleIn(ctx, q, id, user)
	switch {
	case err != nil:
		return "", err
	case role == "":
		return "", errNoMember
	case role == ownerRole:
		return "", errOwner
	}
	return role, nil
}

// remove ends a membership. With ban the user has to ask to come back. It returns errNoMember if
// there is no membership, and errOwner if it is that of the owner. Only the owner removes moderators.
func (s *studies) remove(ctx context.Context, id store.StudyID, user store.UserID, ban, byOwner bool) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		role, err := s.roleUnderOwner(ctx, tx, id, user)
		if err == nil && role == moderatorRole && ban && !byOwner {
			err = errNotOwner
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.db.Rebind(`DELETE FROM study_app_members WHERE study_id = ? AND user_id = ?`), id, user); err != nil || !ban {
			return err
		}
		_, err = tx.ExecContext(ctx, s.db.Rebind(`INSERT INTO study_app_outsiders (study_id, user_id, removed, asked_at) VALUES (?, ?, ?, 0)
			ON CONFLICT (study_id, user_id) DO UPDATE SET removed = excluded.removed, asked_at = 0`), id, user, true)
		return err
	})
	if err != nil {
		return failed(err, "remove a member of %s", id)
	}
	return nil
}

// setRole makes a member a moderator, or a moderator a member.
func (s *studies) setRole(ctx context.Context, id store.StudyID, user store.UserID, role string) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.roleUnderOwner(ctx, tx, id, user); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.db.Rebind(`UPDATE study_app_members SET role = ? WHERE study_id = ? AND user_id = ?`), role, id, user)
		return err
	})
	if err != nil {
		return failed(err, "change a role in %s", id)
	}
	return nil
}

// outsiders returns those who ask to be let in, the first one first.
func (s *studies) outsiders(ctx context.Context, id store.StudyID) ([]outsider, error) {
	found := []outsider{}
	err := s.db.SelectContext(ctx, &found, s.db.Rebind(`SELECT o.user_id, u.name AS user_name, o.removed
		FROM study_app_outsiders o JOIN study_app_users u ON u.id = o.user_id
		WHERE o.study_id = ? AND o.asked_at > 0 ORDER BY o.asked_at, o.user_id`), id)
	if err != nil {
		return nil, failed(err, "list who asks for %s", id)
	}
	return found, nil
}

// leaders returns the owner and the moderators of a study.
func (s *studies) leaders(ctx context.Context, id store.StudyID) ([]store.UserID, error) {
	var found []store.UserID
	err := s.db.SelectContext(ctx, &found, s.db.Rebind(`SELECT user_id FROM study_app_members WHERE study_id = ? AND role IN (?, ?)`), id, ownerRole, moderatorRole)
	if err != nil {
		return nil, failed(err, "list the leaders of %s", id)
	}
	return found, nil
}

// invite returns the code of a new invitation.
func (s *studies) invite(ctx context.Context, id store.StudyID) (string, error) {
	code := strings.ToLower(rand.Text()[:16])
	now := time.Now()
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, s.db.Rebind(`DELETE FROM study_app_invites WHERE expires_at < ?`), now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.db.Rebind(`INSERT INTO study_app_invites (code, study_id, expires_at) VALUES (?, ?, ?)`), code, id, now.Add(inviteLife).UnixMilli())
		return err
	})
	if err != nil {
		return "", failed(err, "invite to %s", id)
	}
	return code, nil
}

// invited returns the study of an invitation, or errNoStudy.
func (s *studies) invited(ctx context.Context, code string) (store.StudyID, error) {
	var id store.StudyID
	err := s.db.GetContext(ctx, &id, s.db.Rebind(`SELECT study_id FROM study_app_invites WHERE code = ? AND expires_at > ?`), code, time.Now().UnixMilli())
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", errNoStudy
	case err != nil:
		return "", failed(err, "look up an invitation")
	}
	return id, nil
}
