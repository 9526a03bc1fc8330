// Package store defines what a coup server remembers: the messages of each
// study, numbered without gaps, and who is online.
//
// A backend implements [Store]. It stores and carries: validation, trimming,
// retries and logging happen above it (in package room and in store/rest), so a
// backend may take its input as clean. The kit in store/storetest holds every
// backend against the promises written here.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LeaseTTL is how long a node's presence reports hold after the node last
// renewed its lease.
const LeaseTTL = 20 * time.Second

// MaxBatch is the largest number of messages one Append takes.
const MaxBatch = 500

// Errors that callers branch on. Backends return them, or errors that wrap
// them; they survive the wire of the internal API.
var (
	// ErrNotFound says that there is no such thing: a user who is not a member,
	// a study that does not exist.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that the input can never be stored as it is. Retrying
	// does not help.
	ErrInvalid = errors.New("invalid")
	// ErrTooLarge is the ErrInvalid of content over MaxContent.
	ErrTooLarge = fmt.Errorf("%w: content is too large", ErrInvalid)
	// ErrEmpty is the ErrInvalid of content that is empty after trimming.
	ErrEmpty = fmt.Errorf("%w: content is empty", ErrInvalid)
	// ErrUnavailable says that the outcome is unknown or the backend is away.
	// The same messages with the same client ids may be retried safely.
	ErrUnavailable = errors.New("unavailable")
)

// Store keeps messages and presence. All methods may be called at the same time
// from any goroutine, and return soon after ctx is done: a hub gives a call
// room.Options.StoreTimeout, and its Shutdown waits for calls under way. Empty
// lists are no error.
//
// What no retry can mend must wrap ErrInvalid: a hub then stores the rest of the
// batch one by one. It takes any other error, ErrNotFound too, for an outage: it
// tries the batch again for room.Options.PostBudget and then refuses it, and
// meanwhile posts to other studies wait. rest.Handler answers 400 to ErrInvalid, 404
// to ErrNotFound, 503 to ErrUnavailable and to a context that is done, and 500 to
// everything else.
type Store interface {
	// Append stores msgs in one transaction, all or none, and returns them in
	// the order given with ID, Seq, SentAt and Repeated filled in. In each study
	// seqs go up by one from 1 without gaps, in the order of msgs, also when
	// several hubs append at the same time.
	//
	// A message whose (StudyID, UserID, ClientID) is already stored, or stands
	// earlier in msgs, is not stored again: the original comes back in its
	// place, marked Repeated. Every message has a ClientID (see NewClientID).
	// At most MaxBatch messages. It neither changes nor keeps msgs: the caller may
	// try again with the same slice.
	Append(ctx context.Context, msgs []Message) ([]Message, error)

	// History returns the messages that q selects, ascending by seq.
	// A study in which nothing was said has no messages; that is no error.
	History(ctx context.Context, q Query) ([]Message, error)

	// Heads returns the newest seq of each study, 0 where nothing was said.
	// The map has an entry for each study asked for.
	Heads(ctx context.Context, studies []StudyID) (map[StudyID]int64, error)

	// SetStatus records the reports, in order: the last one of a (user, node)
	// counts. A node that reports somebody online while it has no lease starts one
	// of LeaseTTL: a report is a sign of life.
	SetStatus(ctx context.Context, reports []Status) error

	// Presence returns the presence of each user asked for. A user is online
	// while a report without a node says so, or one of a node whose lease holds.
	Presence(ctx context.Context, users []UserID) (map[UserID]Presence, error)

	// RenewNode makes every report of node hold for ttl from now, by the
	// store's clock. A node that was never seen or whose lease lapsed starts
	// (again).
	//
	// Every run of a hub is a new node. A store may forget the reports of one whose
	// lease ended over a day ago, but not when its users were last seen.
	RenewNode(ctx context.Context, node NodeID, ttl time.Duration) error
}
