package client

import (
	"context"
	"crypto/rand"
	"time"
)

// A Sent is the answer to a message that is stored.
type Sent struct {
	ID     string
	Seq    int64
	SentAt time.Time
}

// Send posts a message to a study that was joined. It returns when the message is stored: it
// repeats it, with the same client id, until it has an answer. So the message is stored once, unless
// Send returns the error of ctx or ErrClosed, which leave that open. Another error is an *Error of
// the server: nothing is stored. Messages that one goroutine sends one after the other keep their
// order.
func (c *Client) Send(ctx context.Context, studyID, content string) (Sent, error) {
	b, err := c.post(ctx, "send_message", studyID, map[string]any{"content": content})
	return Sent{ID: b.ID, Seq: b.Seq, SentAt: b.SentAt}, err
}

// A Changed is the answer to a change of a message.
type Changed struct {
	// Seq is that of the change in the log of the study, 0 if nothing has changed.
	Seq int64
	// Count is how many users have the reaction now.
	Count int
}

// Edit replaces what a message of the user says. It and the methods below repeat the change until
// it has an answer, as Send does.
func (c *Client) Edit(ctx context.Context, studyID string, messageSeq int64, content string) (Changed, error) {
	return c.change(ctx, "edit_message", studyID, map[string]any{"messageSeq": messageSeq, "content": content})
}

// Delete deletes a message.
func (c *Client) Delete(ctx context.Context, studyID string, messageSeq int64) (Changed, error) {
	return c.change(ctx, "delete_message", studyID, map[string]any{"messageSeq": messageSeq})
}

// React adds a reaction of the user to a message, or takes it away.
func (c *Client) React(ctx context.Context, studyID string, messageSeq int64, emoji string, on bool) (Changed, error) {
	return c.change(ctx, "react", studyID, map[string]any{"messageSeq": messageSeq, "emoji": emoji, "on": on})
}

func (c *Client) change(ctx context.Context, event, studyID string, data map[string]any) (Changed, error) {
	b, err := c.post(ctx, event, studyID, data)
	return Changed{Seq: b.Seq, Count: b.Count}, err
}

// post sends an entry of a study until it has an answer, and returns that.
func (c *Client) post(ctx context.Context, event, studyID string, data map[string]any) (answer body, err error) {
	data["studyId"], data["clientId"] = studyID, rand.Text()
	err = c.request(ctx, func(l *line) error {
		b, err := l.ask(ctx, event, data, nil)
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
