package client

import (
	"encoding/json"
	"fmt"
	"time"
)

// An Event is something that the server tells. Fields that the event does not have are zero.
type Event struct {
	// Name is the name in the protocol: new_message, message_edited, message_deleted,
	// message_reaction, notification, room_left, room_reset,
	// messages_erased, user_typing, read_marked, presence, signal, error, auth_error; or "missed", after a join of the client's own that
	// brought not everything: read the History.
	Name string
	// StudyID is the study, if it concerns one.
	StudyID string
	// Message is that of a new_message. For message_edited, message_deleted and message_reaction its Seq
	// is that of the change in the log, and UserID whoever made it. An edit has what the message says
	// now, too.
	Message Message
	// MessageSeq is the seq of the message that a change is about.
	MessageSeq int64
	// Emoji, On and Count are those of a message_reaction: Count users have it now.
	Emoji string
	On    bool
	Count int
	// Seq is the newest seq of a room_reset or a "missed", that of a messages_erased if it is in the
	// log, or how far User has read (read_marked).
	Seq int64
	// User types, has read, came or left, or sent the signal.
	User User
	// Unread is how many messages the user has not read. It is 0 where another user has read.
	Unread int
	// Online says whether User came or left. Where OnlineCount is above 0 there are so many that
	// nobody is named: what was known of who is online does not count any more.
	Online      bool
	OnlineCount int
	// Kind and Data are those of a signal.
	Kind string
	Data json.RawMessage
	// From and To are the seqs of messages_erased.
	From, To int64
	// Reason is why a room was left: kicked, study_deleted or membership_lost.
	Reason string
	// Notification is that of a notification.
	Notification Notification
	// Err is that of an error or an auth_error.
	Err *Error
}

// A Message is a message of a study.
type Message struct {
	ID       string    `json:"id"`
	StudyID  string    `json:"studyId"`
	Seq      int64     `json:"seq"`
	UserID   string    `json:"userId"`
	UserName string    `json:"userName"`
	Content  string    `json:"content"`
	SentAt   time.Time `json:"sentAt"`
	ClientID string    `json:"clientId"`
	// ReplyTo is the seq of the message that it answers, or 0.
	ReplyTo     int64           `json:"replyTo"`
	Mentions    []string        `json:"mentions"`
	Attachments []Attachment    `json:"attachments"`
	Meta        json.RawMessage `json:"meta"`
	// EditedAt and DeletedAt are zero unless the message was edited or deleted.
	EditedAt  time.Time `json:"editedAt"`
	DeletedAt time.Time `json:"deletedAt"`
	// Reactions are those of the moment when it was read.
	Reactions []Reaction `json:"reactions"`
}

// A Reaction is an emoji on a message: Count users have it, of whom UserIDs are the first.
type Reaction struct {
	Emoji   string   `json:"emoji"`
	Count   int      `json:"count"`
	UserIDs []string `json:"userIds"`
}

// A Notification is a short text that is not stored.
type Notification struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Link    string `json:"link"`
	ID      string `json:"id"`
}

// An Error is an answer of the server.
type Error struct {
	// Code is one of the protocol, Message a sentence.
	Code, Message string
	// RetryAfter is how long to wait, if above 0.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return fmt.Sprintf("client: %s: %s", e.Code, e.Message) }

// frame is a frame of the server.
type frame struct {
	Event string `json:"event"`
	ID    string `json:"id"`
	Data  body   `json:"data"`
}

// body has the fields of all events and answers.
type body struct {
	Message
	MessageSeq  int64           `json:"messageSeq"`
	Emoji       string          `json:"emoji"`
	On          bool            `json:"on"`
	Count       int             `json:"count"`
	From        fromField       `json:"from"`
	To          int64           `json:"to"`
	FromName    string          `json:"fromName"`
	Kind        string          `json:"kind"`
	Data        json.RawMessage `json:"data"`
	Unread      int             `json:"unread"`
	ReadSeq     int64           `json:"readSeq"`
	Users       json.RawMessage `json:"online"`
	OnlineCount int             `json:"onlineCount"`
	Reason      string          `json:"reason"`
	Type        string          `json:"type"`
	Text        string          `json:"message"`
	Link        string          `json:"link"`
	Code        string          `json:"code"`
	RetryMS     int64           `json:"retryAfterMs"`
	Truncated   bool            `json:"truncated"`
	Reset       bool            `json:"reset"`
	Messages    []Message       `json:"messages"`
	More        bool            `json:"more"`
	ExpiresAt   string          `json:"expiresAt"`
}

// parse reads a frame.
func parse(text []byte) (f frame, err error) {
	err = json.Unmarshal(text, &f)
	return f, err
}

// err returns the error that the body carries.
func (b *body) err() *Error {
	return &Error{Code: b.Code, Message: b.Text, RetryAfter: time.Duration(b.RetryMS) * time.Millisecond}
}

// event returns the event of a frame.
func (f *frame) event() Event {
	b := &f.Data
	e := Event{Name: f.Event, StudyID: b.StudyID}
	switch f.Event {
	case "new_message", "message_edited", "message_deleted", "message_reaction":
		e.Message, e.MessageSeq = b.Message, b.MessageSeq
		e.Emoji, e.On, e.Count = b.Emoji, b.On, b.Count
	case "notification":
		e.Notification = Notification{Type: b.Type, Message: b.Text, Link: b.Link, ID: b.ID}
	case "room_left":
		e.Reason = b.Reason
	case "room_reset":
		e.Seq = b.Seq
	case "messages_erased":
		e.Seq, e.From, e.To = b.Seq, b.From.seq, b.To
	case "user_typing", "read_marked", "presence", "signal":
		return f.live()
	case "error", "auth_error":
		e.Err = b.err()
	}
	return e
}
