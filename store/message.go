package store

import (
	"encoding/json"
	"time"
)

// StudyID names a study. It matches ^[A-Za-z0-9_.:@|+=~-]{1,128}$ and is neither "." nor
// "..", see ValidID.
type StudyID string

// UserID is the id of a user. The rule for it is that for a StudyID.
type UserID string

// NodeID is the id of one run of a hub. It matches ^[A-Za-z0-9_.:@-]{1,128}$, see
// ValidNodeID. It is empty for a presence report that an application makes, and not a hub.
type NodeID string

// A Message is a message of a study.
type Message struct {
	// ID is unique across all studies. The store sets it.
	ID string
	// StudyID is the study.
	StudyID StudyID
	// Seq orders the messages of a study: 1, 2, 3 and so on, without gaps. The store
	// sets it.
	Seq int64
	// UserID is the author, and UserName the name that the author had at that time.
	UserID   UserID
	UserName string
	// Content is the text, trimmed, at most MaxContent UTF-16 units.
	Content string
	// SentAt is when the message was stored, by the clock of the store, in UTC with
	// milliseconds.
	SentAt time.Time
	// ClientID makes it safe to send the message again: the same ClientID of the same
	// user in the same study is always the same message. See NewClientID and Public.
	ClientID string
	// Repeated is set by Append on a message that was stored before.
	Repeated bool
}

// timeFormat is RFC 3339 with exactly three decimals.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// FormatTime returns t as all protocols of coup write it: RFC 3339, UTC, milliseconds.
func FormatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// wireMessage is a Message in JSON, on the internal API and between hubs.
type wireMessage struct {
	ID       string  `json:"id"`
	StudyID  StudyID `json:"studyId"`
	Seq      int64   `json:"seq"`
	UserID   UserID  `json:"userId"`
	UserName string  `json:"userName"`
	Content  string  `json:"content"`
	SentAt   string  `json:"sentAt"`
	ClientID string  `json:"clientId,omitempty"`
}

// MarshalJSON writes the message with the fields of new_message, without a generated
// client id.
func (m Message) MarshalJSON() ([]byte, error) {
	m = m.Public()
	return json.Marshal(wireMessage{m.ID, m.StudyID, m.Seq, m.UserID, m.UserName, m.Content, FormatTime(m.SentAt), m.ClientID})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Message) UnmarshalJSON(b []byte) error {
	var w wireMessage
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, w.SentAt)
	if err != nil {
		return err
	}
	*m = Message{ID: w.ID, StudyID: w.StudyID, Seq: w.Seq, UserID: w.UserID, UserName: w.UserName, Content: w.Content, SentAt: at.UTC(), ClientID: w.ClientID}
	return nil
}

// A Query selects messages of one study.
type Query struct {
	StudyID StudyID
	// After leaves out messages with seq <= After. 0 leaves out none.
	After int64
	// Before leaves out messages with seq >= Before. 0 leaves out none.
	Before int64
	// Limit is the largest number of messages, at least 1. A store must not have a smaller
	// limit of its own: fewer messages than Limit mean that there are no more.
	Limit int
	// Newest selects the newest messages if more than Limit match. Otherwise the oldest
	// are selected. The order is ascending in both cases.
	Newest bool
}
