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
	read  int64          // the head of the last join or reset after which the history was read
	view  view
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
			s = &reception{seen: map[int64]bool{}, conn: -1, view: view{}}
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
		c.skip(s, name, c.heads[name]+1)
		if s.begun && !s.left && !l.Partial && s.last != c.heads[name] {
			c.violate(Gap, "study %s: %s has everything from %d to %d, the head is %d", name, l.User, s.first, s.last, c.heads[name])
		}
		if s.begun && !s.left && !l.Partial {
			c.compare(l, s, name)
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
	if r.Truncated {
		s.read, s.view = r.Seq, view{} // what it showed may have been changed by what is not replayed
	}
	if !s.begun {
		s.begun, s.first, s.last = true, r.Seq, r.Seq
	}
	s.left, s.out = false, false
}

// forget begins anew at the first message, because the store went back.
func (s *reception) forget(r Record) {
	*s = reception{begun: true, seen: map[int64]bool{}, conn: r.Conn, reset: true, read: r.Seq, view: view{}}
}

// row returns the row that a client was shown as r. It reports false if there is none.
func (c *index) row(s *reception, r Record) (Row, bool) {
	at := place{r.Study, r.Seq}
	row, ok := c.rows[at]
	if ok && c.same(row, r) {
		return row, true
	}
	if gone, undone := c.undone[at]; undone && !s.reset && c.same(gone, r) {
		s.stale = true
		return gone, true
	}
	return row, false
}

// same reports whether a row may be shown as r: as it was when it was sent, or later.
func (c *index) same(row Row, r Record) bool {
	if row.Change != r.Change || row.User != r.User || row.ID != r.ID || r.Change.Kind == Message && row.ClientID != r.ClientID {
		return false
	}
	of := r.Seq
	switch r.Change.Kind {
	case Edit:
		of = r.Change.Of
		if r.Text == "" && c.rows[place{row.Study, of}].Erased { // an edit says what its message says now
			return true
		}
	case Delete, Reaction:
		return r.Text == ""
	}
	if r.State.Deleted {
		return r.Text == ""
	}
	return r.Text == c.sent[authorship{row.Study, row.User, row.ClientID}].Text || c.edits[edited{row.Study, row.User, of, r.Text}]
}

// read notes a message from the history. What is read while a restore goes on may be gone
// already.
func (c *index) read(l *Log, s *reception, r Record) {
	if row, ok := c.row(s, r); !ok && row.Seq > 0 {
		c.violate(Distorted, "study %s: %s read %+v, stored is %+v", r.Study, l.User, r, row)
	}
	s.view.show(r.Seq, r.Text, r.State)
	s.has(r.Seq)
}

// compare compares what a client shows at the end with the table.
func (c *index) compare(l *Log, s *reception, study string) {
	c.Views++
	for seq, m := range s.view {
		if row, ok := c.rows[place{study, seq}]; !ok || !row.Erased && !m.is(row) {
			c.violate(Differs, "study %s: %s shows seq %d as %+v, the table has %+v", study, l.User, seq, *m, row)
		}
	}
}

func (c *index) delivered(l *Log, s *reception, r Record) {
	row, ok := c.row(s, r)
	if !ok {
		c.violate(Distorted, "study %s: %s got %+v, stored is %+v", r.Study, l.User, r, row)
	}
	if r.Change.Kind == Message {
		s.view.show(r.Seq, r.Text, r.State)
	} else {
		s.view.change(r.Change, r.User, r.Text, r.State.Deleted)
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
	c.skip(s, r.Study, r.Seq)
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

// skip goes on to before seq as far as rows are missing there that were deleted, or are not in
// the history because they are no messages.
func (c *index) skip(s *reception, study string, seq int64) {
	missing := func(n int64) bool {
		row := c.rows[place{study, n}]
		return row.Erased || n <= s.read && row.Change.Kind != Message
	}
	for s.last+1 < seq && missing(s.last+1) {
		s.has(s.last + 1)
	}
	for s.high >= s.last && s.high+1 < seq && missing(s.high+1) {
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
