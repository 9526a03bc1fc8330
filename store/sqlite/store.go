package sqlite

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/store"
)

// History implements store.Store.
func (s *Store) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	return s.tables.History(ctx, q)
}

// Entries implements store.Log.
func (s *Store) Entries(ctx context.Context, q store.Query) ([]store.Entry, error) {
	return s.tables.Entries(ctx, q)
}

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	return s.tables.Heads(ctx, studies)
}

// MarkRead implements store.Reads.
func (s *Store) MarkRead(ctx context.Context, marks []store.ReadMark) error {
	return s.tables.MarkRead(ctx, marks)
}

// ReadStates implements store.Reads.
func (s *Store) ReadStates(ctx context.Context, of []store.Membership) ([]store.ReadState, error) {
	return s.tables.ReadStates(ctx, of)
}

// ReadMarks implements store.Reads.
func (s *Store) ReadMarks(ctx context.Context, study store.StudyID) ([]store.ReadMark, error) {
	return s.tables.ReadMarks(ctx, study)
}

// Erase implements store.Eraser.
func (s *Store) Erase(ctx context.Context, e store.Erasure) ([]store.Entry, error) {
	return s.tables.Erase(ctx, e)
}

// EntriesOf implements store.Eraser.
func (s *Store) EntriesOf(ctx context.Context, q store.UserQuery) ([]store.Entry, error) {
	return s.tables.EntriesOf(ctx, q)
}

// Search implements store.Searcher. Without WithSearch it returns errors.ErrUnsupported.
func (s *Store) Search(ctx context.Context, q store.SearchQuery) ([]store.Message, error) {
	return s.tables.Search(ctx, q)
}

// SetStatus implements store.Store.
func (s *Store) SetStatus(ctx context.Context, reports []store.Status) error {
	return s.tables.SetStatus(ctx, reports)
}

// Presence implements store.Store.
func (s *Store) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	return s.tables.Presence(ctx, users)
}

// RenewNode implements store.Store. Now and then it also deletes the reports of nodes
// whose lease ended more than a day ago.
func (s *Store) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	return s.tables.RenewNode(ctx, node, ttl)
}

// DB returns the handle that writes to the database, for tables of the application's
// own. Their names must not start with coup_: tables with such names may change with
// each version. The Store closes the handle.
//
// The handle has one connection. The Store writes through it, and reads if the database
// is in memory. End rows and transactions before you do anything else that waits for the
// database.
func (s *Store) DB() *sqlx.DB { return s.tables.DB() }
