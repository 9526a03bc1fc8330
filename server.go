package coup

import (
	"context"
	"errors"
	"fmt"

	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Post stores a message of the application, such as that of a bot or of the system, and delivers it
// at once. m has a StudyID, a UserID and Content, or Attachments; the UserName is what others see. Nobody
// checks that there is such a study or that the user is a member, no rate counts, and BeforePost is not
// asked. With a ClientID it is safe to call Post again after an error: the same message is returned.
//
// The error wraps store.ErrInvalid if m says nothing, too much, or what no message may (see
// store.Entry.Clean). It wraps store.ErrUnavailable if the store does not answer, or if ctx ends first:
// the message may be stored then.
func (s *Server) Post(ctx context.Context, m store.Message) (store.Message, error) {
	m.Kind = store.KindMessage
	return s.rooms.Post(ctx, m)
}

// Edit replaces what the message at e.MessageSeq of e.StudyID says by the Content, Mentions,
// Attachments and Meta of e, whoever wrote it. e.UserID and e.UserName say who edits. The error is
// as with Post, or wraps store.ErrNotFound, or errors.ErrUnsupported where the store keeps messages
// only.
func (s *Server) Edit(ctx context.Context, e store.Entry) (store.Entry, error) {
	e.Kind, e.Any = store.KindEdit, true
	return s.rooms.Post(ctx, e)
}

// Delete deletes the message at e.MessageSeq of e.StudyID, whoever wrote it. e.UserID and e.UserName
// say who deletes. The error is as with Edit.
func (s *Server) Delete(ctx context.Context, e store.Entry) (store.Entry, error) {
	e.Kind, e.Any = store.KindDelete, true
	return s.rooms.Post(ctx, e)
}

// Erase erases what was said in a study, or by a user everywhere, from the store and from the memory of
// all hubs, and tells the clients. It returns how many messages that were. After an error the rest is
// still there: call it again. The error wraps errors.ErrUnsupported where the store cannot erase,
// store.ErrInvalid or store.ErrUnavailable.
//
// It does not reach backups, and the files of a database keep old pages until they are cleaned
// (VACUUM).
func (s *Server) Erase(ctx context.Context, e store.Erasure) (messages int64, err error) {
	eraser, ok := s.store.(store.Eraser)
	if !ok {
		return 0, fmt.Errorf("coup: erase: %w", errors.ErrUnsupported)
	}
	for {
		erased, err := eraser.Erase(ctx, e)
		if err != nil || len(erased) == 0 {
			return messages, err
		}
		studies := map[store.StudyID]bool{}
		for _, e := range erased {
			messages += e.To - e.From + 1
			studies[e.StudyID] = true
		}
		for study := range studies {
			if err := s.Stored(ctx, study); err != nil {
				return messages, err
			}
		}
	}
}

// Stored says that something was stored in a study without a hub: by an import, say. All hubs read
// it and deliver it at once. Without the call they do so within room.Options.CheckHeads (3 s). The
// error is that of room.Publisher.Announce.
func (s *Server) Stored(ctx context.Context, study store.StudyID) error {
	return s.Publisher().Announce(ctx, room.StudyEvent{Type: room.MessagesStored, StudyID: study})
}

// Disconnect ends all connections of a user, on every hub: they get auth_error with token_revoked and
// the message, and are closed with 4401. It does not keep the user out: the Verifier must refuse the
// token of a new connection. The error is that of room.Publisher.AnnounceUser.
func (s *Server) Disconnect(ctx context.Context, user store.UserID, message string) error {
	return s.Publisher().AnnounceUser(ctx, room.UserEvent{Type: room.SessionsRevoked, UserID: user, Message: message})
}

// Who returns the users who are in a study now, on all hubs, by name: at most 200 of count. The first
// call waits a second for the other hubs. The error is that of ctx, or one that wraps
// store.ErrInvalid or room.ErrClosed.
func (s *Server) Who(ctx context.Context, study store.StudyID) (users []room.OnlineUser, count int, err error) {
	return s.rooms.Who(ctx, study)
}
