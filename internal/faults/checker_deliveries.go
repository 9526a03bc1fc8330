package faults

import "slices"

// A reception is what one client has received of one study.
type reception struct {
	begun bool           // joined at least once
	first int64          // the head at the first join
	last  int64          // everything up to here was received
	seen  map[int64]bool // also beyond last
	conn  int            // of the last delivery
	high  int64          // the newest on that connection
	left  bool           // removed
	out   bool           // on this connection, since it was removed
	stale bool           // was shown what a restore has undone
	reset bool           // the client was told that the store went back
}

// received checks the log of one client.
func (c *index) received(l *Log) {
	studies := map[string]*reception{}
	for _, r := range l.Records() {
		if r.Kind == Broken {
			c.violate(Garbled, "%s, connection %d: %s", l.User, r.Conn, r.Text)
		}
		if r.Study == "" {
			continue
		}
		s := studies[r.Study]
		if s == nil {
			s = &reception{seen: map[int64]bool{}, conn: -1}
			studies[r.Study] = s
		}
		switch r.Kind {
		case Joined:
			c.joined(s, r)
		case Read:
			c.read(l, s, r)
		case Reset:
			s.forget(r)
		case Left:
			s.left, s.out, s.conn = true, true, r.Conn
		case Received:
			c.Received++
			c.delivered(l, s, r)
		}
	}
	for name, s := range studies {
		c.skipErased(s, name, c.heads[name]+1)
		if s.begun && !s.left && !l.Partial && s.last != c.heads[name] {
			c.violate(Gap, "study %s: %s has everything from %d to %d, the head is %d", name, l.User, s.first, s.last, c.heads[name])
		}
		if s.stale && !s.left && !l.Partial {
			c.violate(Stale, "study %s: %s was shown rows that a restore has undone, and was not told", name, l.User)
		}
	}
}

func (c *index) joined(s *reception, r Record) {
	c.Joins++
	if r.After != Fresh {
		c.Resumes++
	}
	if r.Reset {
		s.forget(r)
	}
	if !s.begun {
		s.begun, s.first, s.last = true, r.Seq, r.Seq
	}
	s.left, s.out = false, false
}

// forget begins anew at the first message, because the store went back.
func (s *reception) forget(r Record) {
	*s = reception{begun: true, seen: map[int64]bool{}, conn: r.Conn, reset: true}
}

// row returns the row that a client may be shown as r.
func (c *index) row(s *reception, r Record) (Row, bool) {
	if gone, ok := c.undone[r.ID]; ok && !s.reset {
		s.stale = true
		return gone, true
	}
	row, ok := c.rows[place{r.Study, r.Seq}]
	return row, ok
}

// read notes a message from the history. What is read while a restore goes on may be gone
// already.
func (c *index) read(l *Log, s *reception, r Record) {
	if row, ok := c.row(s, r); ok && row.ID != r.ID {
		c.violate(Distorted, "study %s: %s read %+v, stored is %+v", r.Study, l.User, r, row)
	}
	s.has(r.Seq)
}

func (c *index) delivered(l *Log, s *reception, r Record) {
	row, ok := c.row(s, r)
	if !ok || row.ID != r.ID || row.User != r.User || row.ClientID != r.ClientID || row.Content != r.Text {
		c.violate(Distorted, "study %s: %s got %+v, stored is %+v", r.Study, l.User, r, row)
	}
	exit, gone := c.exits[[2]string{r.Study, l.User}]
	switch {
	case !slices.Contains(l.Studies, r.Study) || !s.begun:
		c.violate(Outsider, "study %s: %s never joined and got seq %d", r.Study, l.User, r.Seq)
	case gone && r.At > exit.At+exit.Grace:
		c.violate(Outsider, "study %s: %s was out at %v and got seq %d at %v", r.Study, l.User, exit.At, r.Seq, r.At)
	case s.out && r.Conn == s.conn:
		c.violate(Outsider, "study %s: %s was removed and got seq %d", r.Study, l.User, r.Seq)
	}
	if r.Conn != s.conn {
		s.conn, s.high = r.Conn, 0
	}
	c.skipErased(s, r.Study, r.Seq)
	switch {
	case r.Seq <= s.last || s.seen[r.Seq]:
		c.violate(DeliveredTwice, "study %s: %s got seq %d again on connection %d", r.Study, l.User, r.Seq, r.Conn)
	case r.Seq < s.high:
		c.violate(Disorder, "study %s: %s got seq %d after %d on connection %d", r.Study, l.User, r.Seq, s.high, r.Conn)
	case r.Seq > s.last+1 && r.Seq > s.high+1:
		c.violate(Gap, "study %s: %s got seq %d after %d on connection %d", r.Study, l.User, r.Seq, max(s.last, s.high), r.Conn)
	}
	s.high = max(s.high, r.Seq)
	s.has(r.Seq)
}

// skipErased goes on to before seq as far as rows are missing there that were deleted.
func (c *index) skipErased(s *reception, study string, seq int64) {
	for s.last+1 < seq && c.rows[place{study, s.last + 1}].Erased {
		s.has(s.last + 1)
	}
	for s.high >= s.last && s.high+1 < seq && c.rows[place{study, s.high + 1}].Erased {
		s.high++
	}
}

// has notes that the client has received seq.
func (s *reception) has(seq int64) {
	if seq > s.last {
		s.seen[seq] = true
	}
	for s.seen[s.last+1] {
		delete(s.seen, s.last+1)
		s.last++
	}
}
