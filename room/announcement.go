package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// Types of a StudyEvent that do more than notify.
const (
	Notice         = "notice"
	MemberKicked   = "member_kicked"
	MemberApproved = "member_approved"
	StudyDeleted   = "study_deleted"
)

// A Notification goes to every connection of some users, on every hub.
type Notification struct {
	// UserID or UserIDs (or both) name the users. All of it must fit into 1 MiB of
	// JSON: for more than some 25,000 users, publish several.
	UserID  store.UserID   `json:"userId,omitempty"`
	UserIDs []store.UserID `json:"userIds,omitempty"`
	// Type says what kind it is, in the team's own words. Required, at most 128
	// bytes.
	Type string `json:"type"`
	// Message is for people to read, at most 8 KiB; it may be empty.
	Message string `json:"message"`
	// Link is a same-site absolute path or an https URL, see ValidLink.
	Link string `json:"link,omitempty"`
	// ID makes it repeatable: each hub shows the same one to a user once, as long as
	// it is among the newest 65,536 that it has shown. At most 256 bytes.
	ID string `json:"id,omitempty"`
}

// A StudyEvent tells hubs what became of a study or one of its members.
type StudyEvent struct {
	// Type is Notice, MemberKicked, MemberApproved, StudyDeleted, or any other
	// word: a notification of that type to UserID, or without one to the room.
	Type    string        `json:"type"`
	StudyID store.StudyID `json:"studyId"`
	// UserID is whom it is about. MemberKicked and MemberApproved require it; Notice
	// and StudyDeleted, which are for everybody in the room, ignore it.
	UserID store.UserID `json:"userId,omitempty"`
	// Message, Link and ID are as in a Notification; StudyDeleted shows none of them.
	Message string `json:"message,omitempty"`
	Link    string `json:"link,omitempty"`
	ID      string `json:"id,omitempty"`
}

// A Publisher is the business server's voice on the bus.
type Publisher struct {
	Bus bus.Bus
}

// Notify publishes n. The error wraps store.ErrInvalid if n is malformed. After any
// other error, which is the bus's, n may have been heard all the same; with an ID it
// may be published again.
func (p Publisher) Notify(ctx context.Context, n Notification) error {
	if err := errors.Join(n.check(), checkLink(n.Link)); err != nil {
		return err
	}
	return p.publish(ctx, bus.Notifications, n)
}

// Announce publishes e. Its errors are those of Notify.
func (p Publisher) Announce(ctx context.Context, e StudyEvent) error {
	if err := errors.Join(e.check(), checkLink(e.Link)); err != nil {
		return err
	}
	return p.publish(ctx, bus.StudyEvents, e)
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

// maxAnnouncement bounds the texts of an announcement, in bytes.
const maxAnnouncement = 8 << 10

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
	}
	return nil
}

func checkTexts(kind, message, id string) error {
	switch {
	case kind == "" || len(kind) > 128:
		return fmt.Errorf("%w: type must have 1 to 128 bytes", store.ErrInvalid)
	case len(message) > maxAnnouncement:
		return fmt.Errorf("%w: message is over %d bytes", store.ErrInvalid, maxAnnouncement)
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
