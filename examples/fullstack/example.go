package main

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
)

// exampleID is the id of the study that a new database begins with, exampleOwner its owner.
const exampleID = store.StudyID("example")

var exampleOwner = auth.Identity{UserID: "coup", UserName: "coup"}

// exampleMessages show what a message may be.
var exampleMessages = []string{
	"Welcome! This study is an example: everybody who logs in for the first time is a member. 환영합니다!",
	"**Bold**, *italic*, `code`, lists and quotes work:\n- reply to a message, edit it, react to it\n- press ↑ to edit your last message\n> and Ctrl+K changes studies",
	"Code has colours:\n```go\nfunc gcd(a, b int) int {\n\tfor b != 0 {\n\t\ta, b = b, a%b\n\t}\n\treturn a\n}\n```",
	"And so do formulas have a shape: $e^{i\\pi} + 1 = 0$, or on a line of their own:\n$$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$$",
}

// addExample creates the example study in a database without users, so that nobody begins on an
// empty page.
func (s *studies) addExample(ctx context.Context, chat store.Store) error {
	var users int // 0 or 1
	if err := s.db.GetContext(ctx, &users, `SELECT COUNT(*) FROM (SELECT 1 FROM study_app_users LIMIT 1) AS first_user`); err != nil {
		return failed(err, "look for users")
	}
	if users > 0 {
		return nil
	}
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.know(ctx, tx, exampleOwner); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.db.Rebind(`INSERT INTO study_app_studies (id, name, owner_id, created_at) VALUES (?, ?, ?, 0)
			ON CONFLICT (id) DO NOTHING`), exampleID, "Example · 예시", exampleOwner.UserID); err != nil {
			return err
		}
		return s.letIn(ctx, tx, exampleID, store.UserID(exampleOwner.UserID), ownerRole)
	})
	if err != nil {
		return failed(err, "create the example study")
	}
	var messages []store.Message
	for i, text := range exampleMessages {
		messages = append(messages, store.Message{StudyID: exampleID, UserID: store.UserID(exampleOwner.UserID), UserName: exampleOwner.UserName,
			Content: text, ClientID: fmt.Sprint("example-", i)})
	}
	if _, err := chat.Append(ctx, messages); err != nil {
		return fmt.Errorf("write the messages of the example study: %w", err)
	}
	return nil
}

// enter makes a row for a user who logs in. A user who is new is a member of the example study, if
// there is one.
func (s *studies) enter(ctx context.Context, who auth.Identity) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		var known, example int
		if err := tx.GetContext(ctx, &known, s.db.Rebind(`SELECT COUNT(*) FROM study_app_users WHERE id = ?`), who.UserID); err != nil {
			return err
		}
		if err := s.know(ctx, tx, who); err != nil || known > 0 {
			return err
		}
		if err := tx.GetContext(ctx, &example, s.db.Rebind(`SELECT COUNT(*) FROM study_app_studies WHERE id = ? AND owner_id = ?`), exampleID, exampleOwner.UserID); err != nil || example == 0 {
			return err
		}
		return s.letIn(ctx, tx, exampleID, store.UserID(who.UserID), memberRole)
	})
	if err != nil {
		return failed(err, "remember a user")
	}
	return nil
}
