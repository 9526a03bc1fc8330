package faults

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Rule is a promise that the checker checks.
type Rule string

// The rules.
const (
	// LostAck: an acknowledged message is stored.
	LostAck Rule = "acknowledged and lost"
	// WrongAck: an ack names the row of its message.
	WrongAck Rule = "acknowledged as something else"
	// StoredTwice: a message that was sent, once or many times with one clientId, is one
	// row.
	StoredTwice Rule = "stored twice"
	// StoredBadly: the seqs of a study are 1, 2, 3, and the rows are what was sent.
	StoredBadly Rule = "stored badly"
	// DeliveredTwice: no client gets a message twice.
	DeliveredTwice Rule = "delivered twice"
	// Disorder: a connection gets messages with rising seqs.
	Disorder Rule = "out of order"
	// Gap: a client that stays has every message from its first join to the end, and gets
	// them without gaps. After a reset it has every message from the first one.
	Gap Rule = "a hole"
	// Stale: a client that was shown a row which a restore has undone is told to begin anew.
	Stale Rule = "shows what is gone"
	// Distorted: a delivered message is equal to the stored one.
	Distorted Rule = "delivered with another content"
	// Differs: who applies the entries in order shows what the tables say.
	Differs Rule = "shows something else"
	// Outsider: nobody gets messages of a study without being a member.
	Outsider Rule = "delivered to an outsider"
	// Garbled: a connection carries whole frames of the protocol until it ends.
	Garbled Rule = "garbled"
)

// A Row is a stored entry.
type Row struct {
	Study    string
	Seq      int64
	ID       string // "" but for a message
	User     string
	ClientID string
	Content  string // of a message, as it is now
	State    State  // likewise
	Change   Change
	// Erased says that somebody has deleted the row since: it need not be delivered.
	Erased bool
	// Undone is when a dump without the row was restored; 0 if that was not done.
	Undone time.Duration
}

// undoneGrace is how long acks of rows that are undone may still be on their way.
const undoneGrace = 5 * time.Second

// An Exit is the end of a membership.
type Exit struct {
	Study, User string
	// At is when the api confirmed it.
	At time.Duration
	// Grace is how long hubs may take to act on it.
	Grace time.Duration
}

// A History is everything that happened in a round, up to its end.
type History struct {
	Rows  []Row
	Logs  []*Log
	Exits []Exit
}

// A Violation is one broken rule.
type Violation struct {
	Rule Rule
	Text string
}

// A Verdict is the result of Check.
type Verdict struct {
	Violations []Violation
	// Acks, Received, Joins and Resumes count what was checked: acknowledged sends,
	// deliveries, all joins, and the joins with after.
	Acks, Received, Joins, Resumes int
	// Changes counts the entries that are no messages, and Views the studies of clients that were
	// compared with the tables.
	Changes, Views int
}

// Count returns how often one of rules was broken.
func (v Verdict) Count(rules ...Rule) int {
	n := 0
	for _, c := range v.Violations {
		if slices.Contains(rules, c.Rule) {
			n++
		}
	}
	return n
}

func (v *Verdict) violate(rule Rule, format string, args ...any) {
	v.Violations = append(v.Violations, Violation{rule, fmt.Sprintf(format, args...)})
}

// place is the study and seq of a row, authorship its unique key.
type (
	place struct {
		study string
		seq   int64
	}
	authorship struct{ study, user, clientID string }
)

// edited is a text of a message.
type edited struct {
	study, user string
	of          int64
	text        string
}

// An index is a history in a form that is quick to search.
type index struct {
	Verdict
	sent   map[authorship]Record
	edits  map[edited]bool // the texts that the author of a message has given it
	rows   map[place]Row
	undone map[place]Row
	by     map[authorship]Row
	heads  map[string]int64
	exits  map[[2]string]Exit
}

// Check checks a history by all rules.
func Check(h History) Verdict {
	c := &index{sent: map[authorship]Record{}, edits: map[edited]bool{}, rows: map[place]Row{}, undone: map[place]Row{}, by: map[authorship]Row{}, heads: map[string]int64{}, exits: map[[2]string]Exit{}}
	for _, e := range h.Exits {
		c.exits[[2]string{e.Study, e.User}] = e
	}
	c.collect(h.Logs)
	c.stored(h.Rows)
	for _, l := range h.Logs {
		c.acks(l)
		c.received(l)
	}
	return c.Verdict
}

// collect notes everything that was sent.
func (c *index) collect(logs []*Log) {
	for _, l := range logs {
		for _, r := range l.Records() {
			if r.Kind != Sent {
				continue
			}
			c.sent[authorship{r.Study, l.User, r.ClientID}] = r
			if r.Change.Kind == Edit {
				c.edits[edited{r.Study, l.User, r.Change.Of, r.Text}] = true
			}
		}
	}
}

// stored checks the rows by themselves. It also compares texts: the unique key of the table
// does not notice a message that is stored with a second clientId.
func (c *index) stored(rows []Row) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		if r.Undone > 0 {
			c.undone[place{r.Study, r.Seq}] = r
		}
		return r.Undone > 0
	})
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Study, b.Study), cmp.Compare(a.Seq, b.Seq))
	})
	texts := map[[3]string]Row{}
	views := map[string]view{} // what the entries amount to
	for _, r := range rows {
		if want := c.heads[r.Study] + 1; r.Seq != want {
			c.violate(StoredBadly, "study %s: seq %d where %d is due", r.Study, r.Seq, want)
		}
		c.heads[r.Study] = r.Seq
		c.rows[place{r.Study, r.Seq}] = r
		if r.Change.Kind != Message {
			c.Changes++
		}
		key := authorship{r.Study, r.User, r.ClientID}
		first, again := c.by[key]
		text := [3]string{r.Study, r.User, r.Content}
		if !again && r.Content != "" {
			first, again = texts[text]
		}
		if again && !first.Erased { // a row that is gone is no reason to refuse its clientId
			c.violate(StoredTwice, "study %s: %s of %s has seqs %d and %d", r.Study, r.ClientID, r.User, first.Seq, r.Seq)
			continue
		}
		c.by[key], texts[text] = r, r
		sent, ok := c.sent[key]
		if !ok || sent.Change != r.Change {
			c.violate(StoredBadly, "study %s: seq %d is %+v, sent was %+v", r.Study, r.Seq, r, sent)
		}
		v := views[r.Study]
		if v == nil {
			v = view{}
			views[r.Study] = v
		}
		if r.Change.Kind == Message {
			v.show(r.Seq, sent.Text, State{})
		} else {
			v.change(r.Change, r.User, sent.Text, false)
		}
	}
	for at, row := range c.rows {
		if m := views[at.study][at.seq]; m != nil && !row.Erased && !m.is(row) {
			c.violate(StoredBadly, "study %s: seq %d is %+v, its entries amount to %+v", at.study, at.seq, row, *m)
		}
	}
}

func (c *index) acks(l *Log) {
	for _, r := range l.Records() {
		if r.Kind != Acked {
			continue
		}
		c.Acks++
		key := authorship{r.Study, l.User, r.ClientID}
		if c.sent[key].Change.Kind == Reaction && r.Seq == 0 {
			continue // it changed nothing
		}
		if gone := c.undone[place{r.Study, r.Seq}]; gone.User == l.User && gone.ClientID == r.ClientID && r.At <= gone.Undone+undoneGrace {
			continue // acknowledged before the restore
		}
		row, ok := c.by[key]
		if was := c.rows[place{r.Study, r.Seq}]; was.Erased && was.User == l.User && was.ClientID == r.ClientID {
			row = was // sent again after it was deleted, and stored as another row
		}
		switch {
		case !ok:
			c.violate(LostAck, "study %s: %s of %s, acknowledged as seq %d", r.Study, r.ClientID, l.User, r.Seq)
		case row.ID != r.ID || row.Seq != r.Seq:
			c.violate(WrongAck, "study %s: %s of %s is %s at seq %d, acknowledged as %s at %d", r.Study, r.ClientID, l.User, row.ID, row.Seq, r.ID, r.Seq)
		}
	}
}
