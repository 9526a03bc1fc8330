package room

import (
	"errors"
	"slices"
)

// An Action is what a member may be allowed to do, see Options.May.
type Action string

// The actions. Everybody may type, mark what was read, and read the history.
const (
	ActPost      Action = "post"       // a message, also one that answers another
	ActEditOwn   Action = "edit_own"   // a message of the user: its text, its files and the rest
	ActDeleteOwn Action = "delete_own" // asked only of those who may not delete any
	ActDeleteAny Action = "delete_any"
	ActReact     Action = "react"  // to add a reaction, or to take it away
	ActSignal    Action = "signal" // see Seat.Signal
)

// ErrNotAllowed says that Options.May does not allow it.
var ErrNotAllowed = errors.New("the role does not allow it")

// MayByDefault is the default of Options.May: everybody may do everything, but delete messages of
// others. That takes the role owner, admin or moderator.
func MayByDefault(role string, do Action) bool {
	return do != ActDeleteAny || slices.Contains([]string{"owner", "admin", "moderator"}, role)
}
