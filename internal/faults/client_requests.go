package faults

import (
	"context"
	"errors"
	"time"
)

// sendRequests sends joins and posts, and ends the connection if an answer does not come.
func (c *Client) sendRequests(w wire, over <-chan struct{}) {
	gap := 20 * time.Millisecond
	if c.config.Every == 0 {
		gap = 100 * time.Millisecond
	}
	tick := time.NewTicker(gap)
	defer tick.Stop()
	var next time.Time
	for {
		for _, r := range c.due(&next) {
			if w.send(r.event, r.id, r.data) != nil {
				w.close()
				return
			}
		}
		if c.overdue() {
			w.close()
			return
		}
		select {
		case <-tick.C:
		case <-over:
			return
		}
	}
}

// A request is a frame to send.
type request struct {
	event, id string
	data      any
}

// due returns the requests that are due, and logs them as sent.
func (c *Client) due(next *time.Time) (rs []request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.live {
		return nil
	}
	now := time.Now()
	for study, s := range c.rooms {
		if s.joined || s.left || !s.asked.IsZero() || now.Before(s.retry) {
			continue
		}
		s.asked = now
		data := map[string]any{"studyId": study}
		if s.last != Fresh {
			data["after"] = s.last
			if s.sentAt != "" {
				data["afterSentAt"] = s.sentAt
			}
		}
		rs = append(rs, request{"join_room", "join:" + study, data})
	}
	if c.posts && len(c.unacked) < window && now.After(*next) {
		if study := c.config.Studies[c.rng.IntN(len(c.config.Studies))]; !c.rooms[study].left {
			c.compose(study, c.choose(study))
		}
		*next = now.Add(c.config.Every/2 + time.Duration(c.rng.Int64N(int64(c.config.Every))))
	}
	for _, p := range c.unacked {
		if !p.sent.IsZero() || now.Before(p.retry) || !c.rooms[p.study].joined {
			continue
		}
		p.sent = now
		c.Log.add(Record{Kind: Sent, Conn: c.conn, Study: p.study, ClientID: p.clientID, Text: p.text, Change: p.change})
		rs = append(rs, p.request())
	}
	return rs
}

// overdue reports whether an answer has not come in time.
func (c *Client) overdue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen != nil {
		return false
	}
	if !c.live {
		return time.Since(c.asked) > dialIn
	}
	for _, s := range c.rooms {
		if !s.asked.IsZero() && time.Since(s.asked) > answerIn {
			return true
		}
	}
	for _, p := range c.unacked {
		if !p.sent.IsZero() && time.Since(p.sent) > answerIn {
			return true
		}
	}
	return false
}

// receive handles the events of the server until the connection ends.
func (c *Client) receive(ctx context.Context, w wire) error {
	for {
		c.mu.Lock()
		frozen := c.frozen
		c.mu.Unlock()
		if frozen != nil {
			<-frozen
		}
		e, err := w.next()
		if err != nil {
			return err
		}
		if err := c.take(ctx, e); err != nil {
			return err
		}
	}
}

var errRefused = errors.New("authentication was refused")

// take handles one event.
func (c *Client) take(ctx context.Context, e event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Record{Conn: c.conn, Study: e.Data.StudyID, Seq: e.Data.Seq, ID: e.Data.ID, ClientID: e.Data.ClientID, User: e.Data.UserID, Text: e.Data.Content}
	switch e.Event {
	case "auth_success":
		c.live = true
		r.Kind = Opened
		c.Log.add(r)
	case "auth_error":
		return errRefused
	case recovered:
		c.recovered()
	case "ack":
		return c.acked(ctx, e, r)
	case "error":
		c.refused(e, r)
	case "new_message", "message_edited", "message_deleted", "message_reaction":
		r.Kind, r.State = Received, e.Data.state()
		r.Change = Change{changes[e.Event], e.Data.MessageSeq, e.Data.Emoji, e.Data.On}
		c.Log.add(r)
		if s := c.rooms[r.Study]; s != nil && r.Seq > s.last { // seqs may be missing: rows that were deleted
			s.last, s.sentAt = r.Seq, e.Data.SentAt
			c.remember(s, r)
		}
	case "room_reset":
		r.Kind = Reset
		c.Log.add(r)
		if s := c.rooms[r.Study]; s != nil {
			return c.readAnew(ctx, s, r)
		}
	case "room_left":
		r.Kind, r.Text = Left, e.Data.Reason
		c.Log.add(r)
		c.leave(r.Study)
	case "notification":
		r.Kind, r.Text = Notified, e.Data.Type
		c.Log.add(r)
	}
	return nil
}

// recovered notes that the hub has joined the rooms that the client was in.
func (c *Client) recovered() {
	for study, s := range c.rooms {
		if !s.left && s.last != Fresh && c.past.in(study) {
			s.joined = true
			c.Log.add(Record{Kind: Joined, Conn: c.conn, Study: study, After: s.last})
		}
	}
}

// leave forgets a study and the posts for it.
func (c *Client) leave(study string) {
	if s := c.rooms[study]; s != nil {
		s.left, s.joined = true, false
	}
	var rest []*post
	for _, p := range c.unacked {
		if p.study != study {
			rest = append(rest, p)
		}
	}
	c.unacked = rest
}

func (c *Client) acked(ctx context.Context, e event, r Record) error {
	if s := c.rooms[r.Study]; s != nil && e.ID == "join:"+r.Study {
		r.Kind, r.After, r.Truncated, r.Reset = Joined, s.last, e.Data.Truncated, e.Data.Reset
		c.Log.add(r)
		s.joined, s.asked = true, time.Time{}
		switch {
		case r.Reset:
			return c.readAnew(ctx, s, r)
		case r.Truncated:
			return c.readHistory(ctx, s, r)
		case s.last == Fresh:
			s.last, s.sentAt = r.Seq, e.Data.SentAt
		}
		return nil
	}
	r.Kind, r.ClientID = Acked, e.ID
	c.forget(e.ID)
	c.Log.add(r)
	return nil
}

// readAnew forgets what the client has of a study, and reads its whole history.
func (c *Client) readAnew(ctx context.Context, s *seat, reset Record) error {
	s.last, s.sentAt, s.own, s.others = 0, "", nil, nil
	return c.readHistory(ctx, s, reset)
}

// readHistory reads the messages up to the head of a join or a reset. If that fails it ends
// the connection, and the next join tries again.
func (c *Client) readHistory(ctx context.Context, s *seat, joined Record) error {
	for s.last < joined.Seq {
		found, err := c.config.History(ctx, joined.Study, s.last)
		if err != nil {
			c.past = past{} // its cursor says that it has what it could not read
			return err
		}
		for _, r := range found {
			if r.Seq > joined.Seq {
				break // it comes over the connection
			}
			r.Kind, r.Conn = Read, joined.Conn
			c.Log.add(r)
			c.remember(s, r)
			s.last, s.sentAt = r.Seq, r.SentAt
		}
		if len(found) == 0 || found[len(found)-1].Seq > joined.Seq { // the rest are no messages, or were deleted
			s.last, s.sentAt = joined.Seq, ""
		}
	}
	return nil
}

func (c *Client) refused(e event, r Record) {
	r.Kind, r.Text = Refused, e.Data.Code
	again := time.Now().Add(200*time.Millisecond + time.Duration(c.rng.Int64N(int64(400*time.Millisecond))))
	for study, s := range c.rooms {
		if e.ID != "join:"+study {
			continue
		}
		s.asked, s.retry = time.Time{}, again
		r.Study = study
		if r.Text == "forbidden" {
			r.Kind = Left
			c.leave(study)
		}
		c.Log.add(r)
		return
	}
	for _, p := range c.unacked {
		if p.clientID != e.ID {
			continue
		}
		p.sent, p.retry = time.Time{}, again
		r.Study, r.ClientID = p.study, p.clientID
		switch {
		case r.Text == "not_joined":
			c.rooms[p.study].joined = false
		case p.change.Kind != Message && (r.Text == "not_found" || r.Text == "forbidden"):
			c.forget(p.clientID) // the message was deleted, or its seq is that of another one now
		}
		c.Log.add(r)
		return
	}
	c.Log.add(r)
}
