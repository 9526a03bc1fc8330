package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// Types of a StudyEvent with a meaning of their own.
const (
	// Notice is a notification to everybody in the room.
	Notice = "notice"
	// MemberKicked says that UserID is not a member any more. The user is removed from
	// the room, and then notified.
	MemberKicked = "member_kicked"
	// MemberApproved says that UserID has become a member. The user is notified.
	MemberApproved = "member_approved"
	// StudyDeleted says that the study does not exist any more. Everybody is removed
	// from the room.
	StudyDeleted = "study_deleted"
	// MessagesErased says that messages were deleted in the database by hand: those from
	// the seq From to the seq To. Hubs forget them at once and tell the room. Without this
	// event a hub replays what it remembers for up to 60 s.
	MessagesErased = "messages_erased"
	// MessagesStored says that something was stored in the study without a hub: by the
	// application, a bot or an import. Hubs read it from the store and deliver it at once.
	// Without this event they find it within room.Options.CheckHeads. Publish it after the
	// commit.
	MessagesStored = "messages_stored"
)

// A Notification is delivered to every connection of some users, on every hub.
type Notification struct {
	// UserID or UserIDs (or both) name the users. The whole notification has at most
	// 1 MiB as JSON: for more than about 25,000 users, publish several.
	UserID  store.UserID   `json:"userId,omitempty"`
	UserIDs []store.UserID `json:"userIds,omitempty"`
	// Type is a word of the application that says what kind of notification this is.
	// Required, at most 128 bytes.
	Type string `json:"type"`
	// Message is a text for people, at most 8 KiB. It may be empty.
	Message string `json:"message"`
	// Link is a same-site absolute path or an https URL, see ValidLink.
	Link string `json:"link,omitempty"`
	// ID makes it safe to publish the notification again: each hub delivers an ID to a
	// user once, as long as it is among the newest 65,536 that the hub has delivered.
	// At most 256 bytes. Without one, each notification is delivered.
	ID string `json:"id,omitempty"`
}

// A StudyEvent says what happened to a study or to one of its members.
type StudyEvent struct {
	// Type is Notice, MemberKicked, MemberApproved, StudyDeleted, MessagesErased,
	// MessagesStored, or any other word.
	// With another word it is a notification of that type, to UserID or, without one,
	// to the room.
	Type    string        `json:"type"`
	StudyID store.StudyID `json:"studyId"`
	// UserID is the user that the event is about. MemberKicked and MemberApproved
	// require it. The other types with a meaning are for everybody in the room and ignore it.
	UserID store.UserID `json:"userId,omitempty"`
	// Message, Link and ID are those of a Notification. StudyDeleted, MessagesErased and
	// MessagesStored ignore them.
	Message string `json:"message,omitempty"`
	Link    string `json:"link,omitempty"`
	ID      string `json:"id,omitempty"`
	// From and To are the first and the last seq of MessagesErased. 0 is the first or the
	// newest of the study.
	From int64 `json:"from,omitempty"`
	To   int64 `json:"to,omitempty"`
}

// SessionsRevoked says that a user has to authenticate again: after a logout everywhere, a new
// password, a ban. The connections of the user on every hub get auth_error with token_revoked and
// are closed. Whether a token is good for a new connection is the auth.Verifier's to say.
const SessionsRevoked = "sessions_revoked"

// A UserEvent says what happened to a user.
type UserEvent struct {
	// Type is SessionsRevoked. Hubs skip others.
	Type   string       `json:"type"`
	UserID store.UserID `json:"userId"`
	// Message is a text for the user, at most 8 KiB. It may be empty.
	Message string `json:"message,omitempty"`
}

// A Publisher publishes what the application wants hubs to know. It may be used by
// several goroutines at the same time.
type Publisher struct {
	// Bus is the bus of the hubs. Required.
	Bus bus.Bus
}

// Notify publishes n. The error wraps store.ErrInvalid if n is malformed. Any other
// error is that of the bus: hubs may have received n all the same. With an ID, n may
// then be published again.
func (p Publisher) Notify(ctx context.Context, n Notification) error {
	if err := errors.Join(n.check(), checkLink(n.Link)); err != nil {
		return err
	}
	return p.publish(ctx, bus.Notifications, n)
}

// Announce publishes e. It has the errors of Notify.
func (p Publisher) Announce(ctx context.Context, e StudyEvent) error {
	if err := errors.Join(e.check(), checkLink(e.Link)); err != nil {
		return err
	}
	return p.publish(ctx, bus.StudyEvents, e)
}

// AnnounceUser publishes e. It has the errors of Notify.
func (p Publisher) AnnounceUser(ctx context.Context, e UserEvent) error {
	if err := e.check(); err != nil {
		return err
	}
	return p.publish(ctx, bus.UserEvents, e)
}

func (p Publisher) publish(ctx context.Context, channel string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxAnnounced {
		return fmt.Errorf("%w: %d bytes, and hubs take %d", store.ErrInvalid, len(b), maxAnnounced)
	}
	return p.Bus.Publish(ctx, bus.Message{Channel: channel, Payload: b})
}

// maxAnnounced bounds the JSON of an announcement, in bytes.
const maxAnnounced = 1 << 20

// maxText bounds the message of an announcement, in bytes.
const maxText = 8 << 10

func (n *Notification) check() error {
	if n.UserID == "" && len(n.UserIDs) == 0 {
		return fmt.Errorf("%w: a notification names userId or userIds", store.ErrInvalid)
	}
	if n.UserID != "" && !store.ValidID(n.UserID) {
		return fmt.Errorf("%w: userId is not a valid id", store.ErrInvalid)
	}
	for _, id := range n.UserIDs {
		if !store.ValidID(id) {
			return fmt.Errorf("%w: userIds holds an invalid id", store.ErrInvalid)
		}
	}
	return checkTexts(n.Type, n.Message, n.ID)
}

func (e *UserEvent) check() error {
	switch {
	case e.Type != SessionsRevoked:
		return fmt.Errorf("%w: type is not %s", store.ErrInvalid, SessionsRevoked)
	case !store.ValidID(e.UserID):
		return fmt.Errorf("%w: userId is not a valid id", store.ErrInvalid)
	}
	return checkTexts(e.Type, e.Message, "")
}

func (e *StudyEvent) check() error {
	return errors.Join(e.checkIDs(), checkTexts(e.Type, e.Message, e.ID))
}

func (e *StudyEvent) checkIDs() error {
	switch {
	case !store.ValidID(e.StudyID):
		return fmt.Errorf("%w: studyId is not a valid id", store.ErrInvalid)
	case e.UserID != "" && !store.ValidID(e.UserID):
		return fmt.Errorf("%w: userId is not a valid id", store.ErrInvalid)
	case e.UserID == "" && (e.Type == MemberKicked || e.Type == MemberApproved):
		return fmt.Errorf("%w: %s names a userId", store.ErrInvalid, e.Type)
	case e.Type == MessagesErased && (e.From < 0 || e.To < 0 || e.To > 0 && e.From > e.To):
		return fmt.Errorf("%w: from and to are no range of seqs", store.ErrInvalid)
	}
	return nil
}

func checkTexts(kind, message, id string) error {
	switch {
	case kind == "" || len(kind) > 128:
		return fmt.Errorf("%w: type must have 1 to 128 bytes", store.ErrInvalid)
	case len(message) > maxText:
		return fmt.Errorf("%w: message is over %d bytes", store.ErrInvalid, maxText)
	case len(id) > 256:
		return fmt.Errorf("%w: id is over 256 bytes", store.ErrInvalid)
	}
	return nil
}

func checkLink(link string) error {
	if link != "" && !ValidLink(link) {
		return fmt.Errorf("%w: link is neither a same-site path nor an https URL", store.ErrInvalid)
	}
	return nil
}
