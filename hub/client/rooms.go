package client

import (
	"context"
	"time"

	"github.com/coupchat/coup/internal/json"
)

// A Joined is the state of a study at the moment of a join.
type Joined struct {
	// Seq is the newest seq of the study.
	Seq int64
	// Missed says that not everything after From.Seq is delivered: too much was missed, or the
	// server has another history than the client has seen. Read the History then.
	Missed bool
	// Online are the users in the study, at most 200 of OnlineCount, with Options.Presence. The
	// others follow as events within a second.
	Online      []User
	OnlineCount int
	// Read is how far the user has read, with Options.Reads.
	Read Read
}

// A From says what of a study the caller has. The zero value is nothing: messages are delivered from the
// join on.
type From struct {
	// Seq is the highest one of any event of the study that the caller has handled: of a message, or of
	// a change of one.
	Seq int64
	// SentAt is its time, if it is known. With it the server notices a history that was replaced.
	SentAt time.Time
}

// Join joins a study, and joins it again whenever the connection was lost. The Handler then gets
// every later message once and in order. Join returns when the study is joined: it waits for a
// connection, and repeats what the server cannot do at the moment. The error is an *Error of the
// server, or that of ctx, or ErrClosed.
func (c *Client) Join(ctx context.Context, studyID string, from From) (Joined, error) {
	p := &place{}
	if from != (From{}) {
		p.known, p.last, p.sentAt = true, from.Seq, timeText(from.SentAt)
	}
	c.mu.Lock()
	c.rooms[studyID] = p
	c.mu.Unlock()
	joined, err := c.join(ctx, studyID, p, false)
	if err != nil {
		c.forget(studyID, p)
	}
	return joined, err
}

// join joins a study on the connection of the moment. again says that it was joined on an earlier
// one: if that is not possible any more, the Handler is told.
func (c *Client) join(ctx context.Context, studyID string, p *place, again bool) (out Joined, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err = c.request(ctx, func(l *line) error {
		c.mu.Lock()
		done, known, last, sentAt := p.joined == l, p.known, p.last, p.sentAt
		c.mu.Unlock()
		if done {
			out.Seq = last
			return nil
		}
		data := map[string]any{"studyId": studyID}
		if known {
			data["after"] = last
			if sentAt != "" {
				data["afterSentAt"] = sentAt
			}
		}
		if c.opts.Presence {
			data["presence"] = true
		}
		if c.opts.Reads {
			data["reads"] = true
		}
		_, err := l.ask(ctx, "join_room", data, func(f *frame) {
			// Before the next frame is read: what follows belongs to this join.
			b := &f.Data
			if f.Event != "ack" {
				if again && b.Code == "forbidden" && c.forget(studyID, p) {
					c.opts.Handler(Event{Name: "room_left", StudyID: studyID, Reason: "membership_lost"})
				}
				return
			}
			out = Joined{Seq: b.Seq, Missed: b.Truncated || b.Reset, Online: b.users(), OnlineCount: b.OnlineCount, Read: Read{b.ReadSeq, b.Unread}}
			c.mu.Lock()
			p.joined = l
			if out.Missed || !p.known {
				p.known, p.last, p.sentAt = true, b.Seq, timeText(b.SentAt)
			}
			c.mu.Unlock()
			if out.Missed {
				c.opts.Handler(Event{Name: "missed", StudyID: studyID, Seq: b.Seq})
			}
		})
		return err
	})
	return out, err
}

// timeText returns a time as the protocol writes it, or "" for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(json.TimeFormat)
}

// forget leaves p. It reports false if the study was left before, or joined anew.
func (c *Client) forget(studyID string, p *place) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms[studyID] != p {
		return false
	}
	delete(c.rooms, studyID)
	return true
}

// Leave leaves a study.
func (c *Client) Leave(ctx context.Context, studyID string) error {
	c.mu.Lock()
	delete(c.rooms, studyID)
	l := c.line
	c.mu.Unlock()
	if l == nil {
		return nil // the next connection does not join it
	}
	_, err := l.ask(ctx, "leave_room", map[string]any{"studyId": studyID}, nil)
	if err == errLine {
		err = nil
	}
	return err
}

// sequenced are the events of the log of a study.
var sequenced = map[string]bool{"new_message": true, "message_edited": true, "message_deleted": true, "message_reaction": true}

// deliver hands an event over, unless it was before.
func (c *Client) deliver(l *line, f *frame) {
	b := &f.Data
	c.mu.Lock()
	p := c.rooms[b.StudyID]
	switch {
	case sequenced[f.Event], f.Event == "messages_erased" && b.Seq > 0:
		if p == nil || p.joined != l || b.Seq <= p.last {
			c.mu.Unlock()
			return
		}
		p.last, p.sentAt = b.Seq, timeText(b.SentAt)
	case p == nil:
	case f.Event == "room_reset":
		p.known, p.last, p.sentAt = true, b.Seq, timeText(b.SentAt)
	case f.Event == "room_left":
		delete(c.rooms, b.StudyID)
	}
	c.mu.Unlock()
	c.opts.Handler(f.event())
}
