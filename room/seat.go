package room

import (
	"errors"

	"github.com/coupchat/coup/internal/commit"
	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/store"
)

// StudyID returns the study that the seat is in.
func (s *Seat) StudyID() store.StudyID { return s.room.study }

// Gone reports whether the connection has left or was removed.
func (s *Seat) Gone() bool { return s.gone.Load() }

// Leave gives up the seat and then calls left, which must not block. After that the
// room delivers nothing to the connection. A second Leave only calls left.
func (s *Seat) Leave(left func()) {
	s.room.inbox.later(func() {
		s.room.remove(s)
		left()
	})
}

// A Post is an entry that a user wants to post. The fields are those of store.Entry.
type Post struct {
	// UserName is the name that the entry shows.
	UserName string
	// Content is the text. Post trims it.
	Content string
	// ClientID makes it safe to post again. It may be empty.
	ClientID string

	// Kind says what the post is: a message by default.
	Kind store.Kind
	// On and Emoji belong to a reaction, and MessageSeq to whatever changes a message.
	On         bool
	MessageSeq int64
	Emoji      string
	// ReplyTo belongs to a message. Mentions, Attachments and Meta belong to an edit too.
	ReplyTo     int64
	Mentions    []store.UserID
	Attachments []store.Attachment
	Meta        string
}

// Post stores an entry and delivers it to the room. It returns at once. done is called
// once, when the entry is stored, and before it is delivered (unless the answer of
// the store was lost, or so late that the room has already read the message from the
// store); or with an error: one of store.Entry.Err, or one that wraps store.ErrUnavailable or
// store.ErrInvalid. The seq of an entry that changes nothing is 0. done must not block.
//
// If Post returns an error it does not call done. The error is ErrNotJoined, a
// *RateError, ErrNotAllowed, errors.ErrUnsupported if the store keeps messages only, or one that wraps
// store.ErrEmpty, store.ErrTooLarge, store.ErrInvalid or store.ErrUnavailable (the queue is
// full, or the store does not answer).
//
// The posts of one seat are stored in the order of the calls.
func (s *Seat) Post(p Post, done func(store.Message, error)) error {
	if s.Gone() {
		return ErrNotJoined
	}
	if p.ClientID != "" && !store.ValidClientID(p.ClientID) {
		return errClientID
	}
	m := &store.Entry{
		Kind: p.Kind, StudyID: s.room.study, UserID: s.user.id, UserName: p.UserName, Content: p.Content, ClientID: p.ClientID,
		On: p.On, MessageSeq: p.MessageSeq, Emoji: p.Emoji, ReplyTo: p.ReplyTo, Mentions: p.Mentions, Attachments: p.Attachments, Meta: p.Meta,
	}
	if err := m.Clean(); err != nil {
		return err
	}
	sh := s.room.shared
	if !m.Plain() && !sh.store.keeps() {
		return errors.ErrUnsupported
	}
	if err := s.allowed(m); err != nil {
		return err
	}
	if err := s.user.limits.post(sh.now(), sh.opts.Rate); err != nil {
		return err
	}
	if m.ClientID == "" {
		m.ClientID = store.NewClientID()
	}
	s.recheck()
	return sh.posts.Add(commit.Post[Conn]{Message: m, From: s.conn, Done: done})
}

// may reports whether the role of the user allows something.
func (s *Seat) may(do Action) bool {
	sh := s.room.shared
	return sh.opts.May(sh.members.Name(membership.Role(s.role.Load())), do)
}

// allowed returns ErrNotAllowed if the user may not post an entry of this kind. It notes in it
// whether the user may delete the messages of others.
func (s *Seat) allowed(e *store.Entry) error {
	ok := false
	switch e.Kind {
	case store.KindMessage:
		ok = s.may(ActPost)
	case store.KindEdit:
		ok = s.may(ActEditOwn)
	case store.KindDelete:
		e.Any = s.may(ActDeleteAny)
		ok = e.Any || s.may(ActDeleteOwn)
	case store.KindReaction:
		ok = s.may(ActReact)
	}
	if !ok {
		return ErrNotAllowed
	}
	return nil
}

var errClientID = errors.Join(store.ErrInvalid, errors.New("clientId must be 1 to 64 characters, none of them a control character"))

// recheck checks in the background that the user is still a member, if the last check
// is older than Options.MemberCache. If not, the seat is removed.
func (s *Seat) recheck() {
	sh := s.room.shared
	now, asked := sh.stamp(), s.asked.Load()
	if age := now - max(asked, s.checked.Load()); age < int64(sh.opts.MemberCache) || !s.asked.CompareAndSwap(asked, now) {
		return
	}
	sh.work.Go(func() {
		role, err := sh.members.Check(sh.work.Context(), s.membership())
		switch {
		case errors.Is(err, ErrForbidden):
			s.revoke(now)
		case err != nil:
			s.asked.CompareAndSwap(now, asked) // the next post checks again
		default:
			s.role.Store(uint32(role))
		}
	})
}

func (s *Seat) membership() store.Membership {
	return store.Membership{StudyID: s.room.study, UserID: s.user.id}
}

// revoke removes the seat, because a check that began at the stamp asked found no
// membership. If the connection has joined again since, a newer check has found one,
// and the seat stays.
func (s *Seat) revoke(asked int64) {
	s.room.inbox.later(func() {
		s.room.expel(MembershipLost, func(o *Seat) bool { return o == s && s.checked.Load() <= asked })
	})
}
