package client

import (
	"context"
	"encoding/json"
)

// A User is somebody in a study.
type User struct {
	ID   string `json:"userId"`
	Name string `json:"userName"`
}

// A Read is how far the user has read in a study.
type Read struct {
	// Seq is the newest seq that the user has read, and Unread how many messages of others came
	// after it, at most 99.
	Seq    int64
	Unread int
}

// MarkRead keeps how far the user has read in a study, which need not be joined. A mark never goes
// back. It returns when the mark is kept, and repeats it as Send does. The server keeps one mark of a user
// in a study each second, so the next call waits for that long.
func (c *Client) MarkRead(ctx context.Context, studyID string, seq int64) (r Read, err error) {
	err = c.request(ctx, func(l *line) error {
		b, err := l.ask(ctx, "mark_read", map[string]any{"studyId": studyID, "seq": seq}, nil)
		r = Read{b.Seq, b.Unread}
		return err
	})
	return r, err
}

// Typing tells the others in a study that was joined that the user is writing. Call it while one
// writes: the server ignores what comes within 2 s. It is not repeated, and does nothing without a
// connection.
func (c *Client) Typing(ctx context.Context, studyID string) error {
	return c.once(ctx, "typing", map[string]any{"studyId": studyID})
}

// Signal passes data, which is written as JSON, to all connections of a user in a study that was
// joined: for calls. It is not stored and not repeated, and nobody tells whether the user is there.
func (c *Client) Signal(ctx context.Context, studyID, userID, kind string, data any) error {
	return c.once(ctx, "signal", map[string]any{"studyId": studyID, "to": userID, "kind": kind, "data": data})
}

// once sends a request on the connection of the moment, if there is one.
func (c *Client) once(ctx context.Context, event string, data any) error {
	c.mu.Lock()
	l := c.line
	c.mu.Unlock()
	if l == nil {
		return nil
	}
	_, err := l.ask(ctx, event, data, nil)
	if err == errLine {
		err = nil
	}
	return err
}

// live returns the event of a frame about something that is not stored.
func (f *frame) live() Event {
	b := &f.Data
	e := Event{Name: f.Event, StudyID: b.StudyID, User: User{b.UserID, b.UserName}}
	switch f.Event {
	case "read_marked":
		e.Seq, e.Unread = b.Seq, b.Unread
	case "presence":
		e.Online, e.OnlineCount = string(b.Users) == "true", b.OnlineCount
	case "signal":
		e.User, e.Kind, e.Data = User{b.From.text, b.FromName}, b.Kind, b.Data
	}
	return e
}

// A fromField is a seq in messages_erased, and a user in signal.
type fromField struct {
	seq  int64
	text string
}

// UnmarshalJSON reads a number or a string.
func (f *fromField) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &f.text)
	}
	return json.Unmarshal(b, &f.seq)
}

// users returns the users of a join. In an event the same field is true or false.
func (b *body) users() (users []User) {
	_ = json.Unmarshal(b.Users, &users)
	return users
}
