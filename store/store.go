// Package store defines what a coup server stores: the messages of each study, numbered
// without gaps, and who is online.
//
// A backend implements [Store]. Packages room and store/rest validate and trim the input,
// retry and log, so a backend does none of that. The kit store/storetest tests a backend
// against the promises written here.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LeaseTTL is how long the presence reports of a node count after the node last renewed
// its lease.
const LeaseTTL = 20 * time.Second

// MaxBatch is the largest number of messages one Append takes.
const MaxBatch = 500

// Errors that callers branch on. Backends return them, or errors that wrap them. A
// rest.Client returns the same errors as the store of the server that it calls.
var (
	// ErrNotFound says that a user is not a member, that a study does not exist, or that there is
	// no such message or it is deleted.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that the input can never be stored. To try again does not help.
	ErrInvalid = errors.New("invalid")
	// ErrTooLarge says that the content is over MaxContent. It wraps ErrInvalid.
	ErrTooLarge = fmt.Errorf("%w: content is too large", ErrInvalid)
	// ErrEmpty says that the content is empty after trimming. It wraps ErrInvalid.
	ErrEmpty = fmt.Errorf("%w: content is empty", ErrInvalid)
	// ErrTaken says that the client id belongs to another entry. It wraps ErrInvalid.
	ErrTaken = fmt.Errorf("%w: clientId belongs to another entry", ErrInvalid)
	// ErrReactions says that the message has MaxEmojis different reactions. It wraps ErrInvalid.
	ErrReactions = fmt.Errorf("%w: the message has %d different reactions", ErrInvalid, MaxEmojis)
	// ErrForbidden says that the message belongs to somebody else.
	ErrForbidden = errors.New("forbidden")
	// ErrUnavailable says that the backend does not answer, or that the outcome is
	// unknown. The same messages may be sent again with the same client ids.
	ErrUnavailable = errors.New("unavailable")
)

// Store keeps messages and presence. All methods may be called at the same time from any
// goroutine. They must return soon after ctx is done: a hub gives each call
// room.Options.StoreTimeout, and its Shutdown waits for calls under way. An empty list is
// no error.
//
// An error that no retry can change must wrap ErrInvalid. A hub then stores the messages
// of the batch one by one. Any other error, also ErrNotFound, counts as an outage: the
// hub tries the batch again for room.Options.PostBudget and then refuses it. Meanwhile
// posts to other studies wait. rest.Handler answers ErrInvalid with 400, ErrNotFound with
// 404, ErrUnavailable and a context that is done with 503, everything else with 500.
type Store interface {
	// Append stores msgs, at most MaxBatch, in one transaction: all or none. It returns
	// them in the same order, with ID, Seq, SentAt and Repeated set, whatever msgs had there. The seqs of a study
	// are 1, 2, 3 and so on without gaps, in the order of msgs, even if several hubs
	// append at the same time. All or none also holds if ctx is done in the middle: Append
	// may then return an error, and all of msgs are stored, perhaps a little later, or none.
	//
	// A message is not stored again if one with the same StudyID, UserID and ClientID is
	// stored already or comes earlier in msgs. The result then has the original, with
	// Repeated set. That holds for as long as the original is stored: once somebody has
	// deleted its row, the same ClientID is a new message. Seqs of deleted messages are not
	// given again. Every message has a ClientID (see NewClientID). Append neither changes
	// nor keeps msgs: the caller may try again with the same slice.
	Append(ctx context.Context, msgs []Message) ([]Message, error)

	// History returns the messages that q selects, ascending by seq. An answer that has a
	// later message and not an earlier one shows a hub that the earlier one was deleted. So
	// History and Heads must read what Append has committed, and not from a replica that
	// lags behind.
	// A study without messages is no error.
	History(ctx context.Context, q Query) ([]Message, error)

	// Heads returns the newest seq of each study, 0 for a study without messages. The map
	// has an entry for each study asked for.
	Heads(ctx context.Context, studies []StudyID) (map[StudyID]int64, error)

	// SetStatus records reports. Those of one call count one after the other, as if each had
	// a call of its own: online and then offline sets Presence.LastSeenAt, and offline and
	// then online ends online. If a node reports a user online and has no lease, or one that has ended,
	// a lease of LeaseTTL starts. A report within a lease does not prolong it. Of the reports that a
	// user is offline, only the one that takes the user offline moves LastSeenAt: one that comes when the
	// lease has ended leaves it at that end.
	SetStatus(ctx context.Context, reports []Status) error

	// Presence returns the presence of each user asked for. A user is online if the last
	// report without a node says so, or that of a node whose lease has not ended.
	Presence(ctx context.Context, users []UserID) (map[UserID]Presence, error)

	// RenewNode makes the lease of node end at ttl from now, by the clock of the store.
	// It starts a lease for a new node, and for one whose lease has ended.
	//
	// Each run of a hub is a new node. A store may delete the reports of a node whose
	// lease ended more than a day ago, but must keep when the users were last seen.
	RenewNode(ctx context.Context, node NodeID, ttl time.Duration) error
}

// Forgetter is implemented by a Store whose buffers may hold what it has read or written before, such as those
// of idle connections.
type Forgetter interface {
	// Forget drops them soon, and does not wait. A hub calls it when something was edited, deleted or
	// erased, at most every 2 s, so that what is gone is not in its memory 5 s later.
	Forget()
}

// Checker is implemented by a Store that can tell whether it works without storing anything.
type Checker interface {
	// Check returns an error if Append would fail now, for example because the server
	// answers but takes no writes. It is cheap and stores nothing. It may be called at
	// the same time from any goroutine, and returns soon after ctx is done.
	Check(ctx context.Context) error
}
