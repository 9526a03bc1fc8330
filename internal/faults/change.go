package faults

import "slices"

// A ChangeKind is the kind of an entry of the log, as the table has it.
type ChangeKind int

// The kinds.
const (
	Message ChangeKind = iota
	Edit
	Delete
	Reaction
)

// changes are the kinds of the events that carry an entry.
var changes = map[string]ChangeKind{"new_message": Message, "message_edited": Edit, "message_deleted": Delete, "message_reaction": Reaction}

// requestNames are the requests for entries, by kind.
var requestNames = []string{"send_message", "edit_message", "delete_message", "react"}

// A Change is what an entry changes. That of a message is zero.
type Change struct {
	Kind  ChangeKind
	Of    int64 // the seq of the message
	Emoji string
	On    bool
}

// A State is what a message shows, besides its text.
type State struct {
	Deleted   bool
	Reactions []By // in order
}

// By is a reaction of one user.
type By struct{ Emoji, User string }

// shown is a State as events and the history have it.
type shown struct {
	DeletedAt string `json:"deletedAt"`
	Reactions []struct {
		Emoji   string   `json:"emoji"`
		UserIDs []string `json:"userIds"`
	} `json:"reactions"`
}

func (s shown) state() (st State) {
	st.Deleted = s.DeletedAt != ""
	for _, r := range s.Reactions {
		for _, u := range r.UserIDs {
			st.Reactions = append(st.Reactions, By{r.Emoji, u})
		}
	}
	return st
}

// A view is what somebody sees of a study who applies entries in order.
type view map[int64]*viewed

// viewed is a message of a view.
type viewed struct {
	text      string
	deleted   bool
	reactions map[By]bool
}

// show shows a message as it is.
func (v view) show(seq int64, text string, s State) {
	m := &viewed{text: text, deleted: s.Deleted, reactions: map[By]bool{}}
	for _, by := range s.Reactions {
		m.reactions[by] = true
	}
	v[seq] = m
}

// change applies what user changes. A message that the view does not have is not changed.
func (v view) change(c Change, user, text string, deleted bool) {
	m := v[c.Of]
	switch {
	case m == nil:
	case c.Kind == Delete || deleted:
		*m = viewed{deleted: true, reactions: map[By]bool{}}
	case c.Kind == Edit:
		m.text = text
	case c.On:
		m.reactions[By{c.Emoji, user}] = true
	default:
		delete(m.reactions, By{c.Emoji, user})
	}
}

// is reports whether the message is as the row says.
func (m *viewed) is(row Row) bool {
	return m.text == row.Content && m.deleted == row.State.Deleted &&
		len(m.reactions) == len(row.State.Reactions) && !slices.ContainsFunc(row.State.Reactions, func(by By) bool { return !m.reactions[by] })
}
