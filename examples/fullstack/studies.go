package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
)

// Errors that callers branch on.
var (
	errNoStudy  = errors.New("no such study")
	errNoMember = errors.New("not a member")
	errOwner    = errors.New("the owner stays")
)

const (
	ownerRole     = "owner"
	moderatorRole = "moderator" // removes members, lets users in, and deletes messages of others
	memberRole    = "member"
	// maxListed bounds the studies in a list that the user is not a member of.
	maxListed = 200
)

// studies stores users, studies and memberships, in the database of the chat. It is a sample:
// an application usually has its own.
type studies struct {
	db   *sqlx.DB
	open bool // everyone is a member of every study
}

var _ store.Members = (*studies)(nil)

// A study is a study in a list, as one user sees it.
type study struct {
	ID          store.StudyID `db:"id" json:"id"`
	Name        string        `db:"name" json:"name"`
	OwnerID     store.UserID  `db:"owner_id" json:"ownerId"`
	OwnerName   string        `db:"owner_name" json:"ownerName"`
	Member      bool          `db:"member" json:"member"`
	MemberCount int           `db:"member_count" json:"memberCount"`
	// Approval says that new members have to be let in, and Asked that the user has asked for it.
	Approval bool `db:"approval" json:"approval"`
	Asked    bool `db:"asked" json:"asked"`
	// Role is that of the user, "" if the user is no member.
	Role string `db:"role" json:"role,omitempty"`
	// Last is the newest message, if it was asked for, for members only.
	Last *store.Message `db:"-" json:"last,omitempty"`
	// Head is the newest seq, for members only.
	Head int64 `db:"-" json:"head"`
}

// A member is a member of a study.
type member struct {
	UserID    store.UserID `db:"user_id"`
	UserName  string       `db:"user_name"`
	Role      string       `db:"role"`
	PictureAt int64        `db:"picture_at"`
}

// Member returns the role of a user in a study, or store.ErrNotFound.
func (s *studies) Member(ctx context.Context, id store.StudyID, user store.UserID) (string, error) {
	role, err := s.roleIn(ctx, s.db, id, user)
	switch {
	case err != nil:
		return "", failed(err, "look up a member")
	case role != "":
		return role, nil
	case s.open:
		return memberRole, nil
	}
	return "", store.ErrNotFound
}

// roles returns the roles of those in who that are members. See store.GroupMembers.
func (s *studies) roles(ctx context.Context, who []store.Membership) (map[store.Membership]string, error) {
	args := make([]any, 0, 2*len(who))
	for _, m := range who {
		args = append(args, m.StudyID, m.UserID)
	}
	var found []struct {
		Study store.StudyID `db:"study_id"`
		User  store.UserID  `db:"user_id"`
		Role  string        `db:"role"`
	}
	pairs := "(?, ?)" + strings.Repeat(", (?, ?)", len(who)-1)
	err := s.db.SelectContext(ctx, &found, s.db.Rebind(`SELECT study_id, user_id, role FROM study_app_members WHERE (study_id, user_id) IN (VALUES `+pairs+`)`), args...)
	if err != nil {
		return nil, failed(err, "look up %d members", len(who))
	}
	roles := make(map[store.Membership]string, len(who))
	if s.open {
		for _, m := range who {
			roles[m] = memberRole
		}
	}
	for _, m := range found {
		roles[store.Membership{StudyID: m.Study, UserID: m.User}] = m.Role
	}
	return roles, nil
}

// failed adds to err what was tried. An error that is none of this package is one of the
// database, and unavailable.
func failed(err error, trying string, args ...any) error {
	var p *problem
	if !errors.As(err, &p) && !errors.Is(err, errNoStudy) && !errors.Is(err, errNoMember) && !errors.Is(err, errOwner) {
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return fmt.Errorf(trying+": %w", append(args, err)...)
}

// know makes a row for a user who has none: tokens may come from another login.
func (s *studies) know(ctx context.Context, tx sqlx.ExtContext, who auth.Identity) error {
	name := who.UserName
	if name == "" {
		name = who.UserID
	}
	_, err := tx.ExecContext(ctx, s.db.Rebind(`INSERT INTO study_app_users (id, name, created_at) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name`), who.UserID, name, time.Now().UnixMilli())
	return err
}

// execAs executes a statement that needs the row of a user.
func (s *studies) execAs(ctx context.Context, who auth.Identity, statement string, args ...any) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.know(ctx, tx, who); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, tx.Rebind(statement), args...)
		return err
	})
}

// create creates a study that who owns. With approval, new members have to be let in.
func (s *studies) create(ctx context.Context, who auth.Identity, name string, approval bool) (store.StudyID, error) {
	id := store.StudyID("s_" + strings.ToLower(rand.Text()[:12]))
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.know(ctx, tx, who); err != nil {
			return err
		}
		now := time.Now().UnixMilli()
		if _, err := tx.ExecContext(ctx, s.db.Rebind(`INSERT INTO study_app_studies (id, name, owner_id, created_at, approval) VALUES (?, ?, ?, ?, ?)`), id, name, who.UserID, now, approval); err != nil {
			return err
		}
		return s.letIn(ctx, tx, id, store.UserID(who.UserID), ownerRole)
	})
	if err != nil {
		return "", failed(err, "create a study")
	}
	return id, nil
}

// parts are the tables that have rows of studies.
var parts = []string{"study_app_members", "study_app_outsiders", "study_app_invites", "study_app_notices", "study_app_files"}

// drop deletes a study and all that belongs to it. The messages stay in the store.
func (s *studies) drop(ctx context.Context, id store.StudyID) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, table := range parts {
			if _, err := tx.ExecContext(ctx, s.db.Rebind(`DELETE FROM `+table+` WHERE study_id = ?`), id); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, s.db.Rebind(`DELETE FROM study_app_studies WHERE id = ?`), id)
		return err
	})
	if err != nil {
		return failed(err, "delete %s", id)
	}
	return nil
}

const selectStudy = `SELECT s.id, s.name, s.owner_id, s.approval, u.name AS owner_name,
	(SELECT COUNT(*) FROM study_app_members m WHERE m.study_id = s.id) AS member_count
	FROM study_app_studies s JOIN study_app_users u ON u.id = s.owner_id`

// find returns a study as nobody sees it, or errNoStudy.
func (s *studies) find(ctx context.Context, q sqlx.QueryerContext, id store.StudyID) (study, error) {
	var found study
	err := sqlx.GetContext(ctx, q, &found, s.db.Rebind(selectStudy+` WHERE s.id = ?`), id)
	if errors.Is(err, sql.ErrNoRows) {
		return study{}, errNoStudy
	}
	if err != nil {
		return study{}, failed(err, "find study %s", id)
	}
	return found, nil
}

// list returns the studies of the user, the oldest membership first, and then the newest of
// the others. With open, all studies are those of the user.
func (s *studies) list(ctx context.Context, user store.UserID) ([]study, error) {
	mine, others := []study{}, []study{}
	limit := maxListed
	if s.open {
		limit = math.MaxInt32
	}
	// Role and Asked come from a join or a sub-select in place of the first column.
	with := func(column string) string { return strings.Replace(selectStudy, "SELECT ", "SELECT "+column+", ", 1) }
	err := s.db.SelectContext(ctx, &mine, s.db.Rebind(with(`me.role`)+`
		JOIN study_app_members me ON me.study_id = s.id AND me.user_id = ? ORDER BY me.joined_at, s.id`), user)
	if err == nil {
		err = s.db.SelectContext(ctx, &others, s.db.Rebind(with(`EXISTS (SELECT 1 FROM study_app_outsiders o
				WHERE o.study_id = s.id AND o.user_id = ? AND o.asked_at > 0) AS asked`)+`
			WHERE NOT EXISTS (SELECT 1 FROM study_app_members me WHERE me.study_id = s.id AND me.user_id = ?)
			ORDER BY s.created_at DESC, s.id LIMIT ?`), user, user, limit)
	}
	if err != nil {
		return nil, failed(err, "list studies")
	}
	for i := range mine {
		mine[i].Member = true
	}
	for i := range others {
		if others[i].Member = s.open; s.open {
			others[i].Role = memberRole
		}
	}
	return append(mine, others...), nil
}

// members returns the members of a study: the owner, the moderators, the others, each by name.
func (s *studies) members(ctx context.Context, id store.StudyID) ([]member, error) {
	found := []member{}
	err := s.db.SelectContext(ctx, &found, s.db.Rebind(`SELECT m.user_id, u.name AS user_name, m.role, u.picture_at
		FROM study_app_members m JOIN study_app_users u ON u.id = m.user_id
		WHERE m.study_id = ? ORDER BY CASE m.role WHEN 'owner' THEN 0 WHEN 'moderator' THEN 1 ELSE 2 END, u.name, m.user_id`), id)
	if err != nil {
		return nil, failed(err, "list the members of %s", id)
	}
	return found, nil
}

// inTx runs f in a transaction, which it commits if f returns nil.
func (s *studies) inTx(ctx context.Context, f func(*sqlx.Tx) error) error {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
