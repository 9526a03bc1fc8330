package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"
)

// A Sent is the answer to a message that is stored.
type Sent struct {
	ID     string
	Seq    int64
	SentAt time.Time
}

// A Draft is what a message is to say. Only the content or an attachment is required. The limits are
// those of the server.
type Draft struct {
	Content string `json:"content"`
	// ReplyTo is the seq of the message that it answers, or 0. An edit cannot change it.
	ReplyTo int64 `json:"replyTo,omitempty"`
	// Mentions are the ids of the users who are named, and notified.
	Mentions    []string     `json:"mentions,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	// Meta is a JSON object of the application, or nil.
	Meta json.RawMessage `json:"meta,omitempty"`
}

// An Attachment is a file of a message. URL is a path of the same site or an https URL; Name, Type (a
// media type) and Size (in bytes) may be zero.
type Attachment struct {
	URL  string `json:"url"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
	Size int64  `json:"size,omitempty"`
}

// Send posts a message of text to a study that was joined. It returns when the message is stored: it
// repeats it, with the same client id, until it has an answer. So the message is stored once, unless
// Send returns the error of ctx or ErrClosed, which leave that open. Another error is an *Error of
// the server: nothing is stored. Messages that one goroutine sends one after the other keep their
// order.
func (c *Client) Send(ctx context.Context, studyID, content string) (Sent, error) {
	return c.SendDraft(ctx, studyID, Draft{Content: content})
}

// SendDraft is Send for a message that is more than text. The code of the *Error is unsupported if the
// server's store keeps texts only.
func (c *Client) SendDraft(ctx context.Context, studyID string, d Draft) (Sent, error) {
	b, err := c.post(ctx, "send_message", studyID, &entry{Draft: d, Content: &d.Content})
	return Sent{ID: b.ID, Seq: b.Seq, SentAt: b.SentAt}, err
}

// A Changed is the answer to a change of a message.
type Changed struct {
	// Seq is that of the change in the log of the study, 0 if nothing has changed.
	Seq int64
	// Count is how many users have the reaction now.
	Count int
}

// Edit lets a message of the user say another text, without mentions, attachments and meta. It and the
// methods below repeat the change until it has an answer, as Send does. The code of the *Error is
// unsupported if the server's store keeps texts only.
func (c *Client) Edit(ctx context.Context, studyID string, messageSeq int64, content string) (Changed, error) {
	return c.EditDraft(ctx, studyID, messageSeq, Draft{Content: content})
}

// EditDraft is Edit for a message that is more than text: it says all of d then, and nothing else.
func (c *Client) EditDraft(ctx context.Context, studyID string, messageSeq int64, d Draft) (Changed, error) {
	d.ReplyTo = 0
	return c.change(ctx, "edit_message", studyID, &entry{Draft: d, Content: &d.Content, MessageSeq: messageSeq})
}

// Delete deletes a message.
func (c *Client) Delete(ctx context.Context, studyID string, messageSeq int64) (Changed, error) {
	return c.change(ctx, "delete_message", studyID, &entry{MessageSeq: messageSeq})
}

// React adds a reaction of the user to a message, or takes it away.
func (c *Client) React(ctx context.Context, studyID string, messageSeq int64, emoji string, on bool) (Changed, error) {
	return c.change(ctx, "react", studyID, &entry{MessageSeq: messageSeq, Emoji: emoji, On: &on})
}

// An entry is the data of a request that posts one.
type entry struct {
	StudyID  string `json:"studyId"`
	ClientID string `json:"clientId"`
	Draft
	Content    *string `json:"content,omitempty"` // instead of that of Draft: a reaction has none
	MessageSeq int64   `json:"messageSeq,omitempty"`
	Emoji      string  `json:"emoji,omitempty"`
	On         *bool   `json:"on,omitempty"`
}

func (c *Client) change(ctx context.Context, event, studyID string, e *entry) (Changed, error) {
	b, err := c.post(ctx, event, studyID, e)
	return Changed{Seq: b.Seq, Count: b.Count}, err
}

// post sends an entry of a study until it has an answer, and returns that.
func (c *Client) post(ctx context.Context, event, studyID string, e *entry) (answer body, err error) {
	e.StudyID, e.ClientID = studyID, rand.Text()
	err = c.request(ctx, func(l *line) error {
		b, err := l.ask(ctx, event, e, nil)
		if refused, ok := err.(*Error); ok && refused.Code == "not_joined" {
			c.mu.Lock()
			p := c.rooms[studyID]
			c.mu.Unlock()
			if p == nil {
				return err
			}
			if _, err := c.join(ctx, studyID, p, true); err != nil { // a join that is under way
				return err
			}
			return errLine // again
		}
		if err == nil {
			answer = b
		}
		return err
	})
	return answer, err
}
