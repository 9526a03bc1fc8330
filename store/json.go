package store

import (
	"encoding/json"
	"time"
)

// wireMessage is a message that is Plain in JSON, on the internal API and between hubs.
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

// wireEntry is any entry in JSON. A message has no kind.
type wireEntry struct {
	Kind        string          `json:"kind,omitempty"`
	ID          string          `json:"id"`
	StudyID     StudyID         `json:"studyId"`
	Seq         int64           `json:"seq"`
	UserID      UserID          `json:"userId"`
	UserName    string          `json:"userName"`
	Content     *string         `json:"content,omitempty"`
	SentAt      string          `json:"sentAt"`
	ClientID    string          `json:"clientId,omitempty"`
	MessageSeq  int64           `json:"messageSeq,omitempty"`
	ReplyTo     int64           `json:"replyTo,omitempty"`
	Mentions    []UserID        `json:"mentions,omitempty"`
	Attachments []Attachment    `json:"attachments,omitempty"`
	Meta        json.RawMessage `json:"meta,omitempty"`
	Emoji       string          `json:"emoji,omitempty"`
	On          *bool           `json:"on,omitempty"`
	Count       *int            `json:"count,omitempty"`
	From        int64           `json:"from,omitempty"`
	To          int64           `json:"to,omitempty"`
	EditedAt    string          `json:"editedAt,omitempty"`
	DeletedAt   string          `json:"deletedAt,omitempty"`
	Reactions   []Reaction      `json:"reactions,omitempty"`
}

// MarshalJSON writes the fields that the kind has, those of new_message for a message, without a
// generated client id.
func (e Entry) MarshalJSON() ([]byte, error) {
	e = e.Public()
	if e.Plain() {
		return json.Marshal(wireMessage{e.ID, e.StudyID, e.Seq, e.UserID, e.UserName, e.Content, FormatTime(e.SentAt), e.ClientID})
	}
	w := wireEntry{
		ID: e.ID, StudyID: e.StudyID, Seq: e.Seq, UserID: e.UserID, UserName: e.UserName, SentAt: FormatTime(e.SentAt), ClientID: e.ClientID,
		MessageSeq: e.MessageSeq, ReplyTo: e.ReplyTo, Mentions: e.Mentions, Attachments: e.Attachments, Meta: json.RawMessage(e.Meta),
		Emoji: e.Emoji, From: e.From, To: e.To, EditedAt: formatSet(e.EditedAt), DeletedAt: formatSet(e.DeletedAt), Reactions: e.Reactions,
	}
	if e.Kind != KindMessage {
		w.Kind = e.Kind.String()
	}
	switch e.Kind {
	case KindMessage, KindEdit:
		w.Content = &e.Content
	case KindReaction:
		w.On, w.Count = &e.On, &e.Count
	}
	return json.Marshal(w)
}

// formatSet returns "" for the zero time.
func formatSet(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return FormatTime(t)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Entry) UnmarshalJSON(b []byte) error {
	var w wireEntry
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	var kind Kind
	if w.Kind != "" {
		if err := kind.UnmarshalText([]byte(w.Kind)); err != nil {
			return err
		}
	}
	*e = Entry{
		Kind: kind, ID: w.ID, StudyID: w.StudyID, Seq: w.Seq, UserID: w.UserID, UserName: w.UserName, ClientID: w.ClientID,
		MessageSeq: w.MessageSeq, ReplyTo: w.ReplyTo, Mentions: w.Mentions, Attachments: w.Attachments, Meta: string(w.Meta),
		Emoji: w.Emoji, From: w.From, To: w.To, Reactions: w.Reactions,
	}
	if w.Content != nil {
		e.Content = *w.Content
	}
	if w.On != nil {
		e.On = *w.On
	}
	if w.Count != nil {
		e.Count = *w.Count
	}
	for _, t := range []struct {
		text string
		into *time.Time
	}{{w.SentAt, &e.SentAt}, {w.EditedAt, &e.EditedAt}, {w.DeletedAt, &e.DeletedAt}} {
		if t.text == "" && t.into != &e.SentAt {
			continue
		}
		at, err := time.Parse(time.RFC3339, t.text)
		if err != nil {
			return err
		}
		*t.into = at.UTC()
	}
	return nil
}
