package room

import (
	"errors"
	"slices"
)

// An Action is what a member may be allowed to do, see Options.May.
type Action string

// The actions.
const (
	ActPost      Action = "post"
	ActEditOwn   Action = "edit_own"
	ActDeleteOwn Action = "delete_own"
	ActDeleteAny Action = "delete_any"
	ActReact     Action = "react"
	ActSignal    Action = "signal"
)

// ErrNotAllowed says that Options.May does not allow it.
var ErrNotAllowed = errors.New("the role does not allow it")

// MayByDefault is the default of Options.May: everybody may do everything, but delete messages of
// others. That takes the role owner, admin or moderator.
func MayByDefault(role string, do Action) bool {
	return do != ActDeleteAny || slices.Contains([]string{"owner", "admin", "moderator"}, role)
}
