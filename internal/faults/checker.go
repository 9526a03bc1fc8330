package faults

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Rule is one of the promises that a history is held against.
type Rule string

// The rules.
const (
	// LostAck: what was acknowledged is stored.
	LostAck Rule = "acknowledged and lost"
	// WrongAck: an ack names the row it speaks of.
	WrongAck Rule = "acknowledged as something else"
	// StoredTwice: what was sent once, or many times under one clientId, is one row.
	StoredTwice Rule = "stored twice"
	// StoredBadly: the seqs of a study go 1, 2, 3, and rows are what was sent.
	StoredBadly Rule = "stored badly"
	// ShownTwice: no client gets a message twice.
	ShownTwice Rule = "shown twice"
	// Disorder: a connection gets messages by rising seq.
	Disorder Rule = "out of order"
	// Hole: a client that stays has everything from its first join to the end, and
	// no message is passed over on the way.
	Hole Rule = "a hole"
	// Distorted: what is shown is what is stored.
	Distorted Rule = "shown as something else"
	// Outsider: nobody gets what is said in a study that they are not a member of.
	Outsider Rule = "shown to an outsider"
	// Garbled: a connection carries whole frames of the protocol until it ends.
	Garbled Rule = "garbled"
)

// A Row is a stored message.
type Row struct {
	Study    string
	Seq      int64
	ID       string
	User     string
	ClientID string
	Content  string
}

// An Exit is the end of a membership.
type Exit struct {
	Study, User string
	// At is when the business server had confirmed it.
	At time.Duration
	// Grace is how long hubs may take to hear of it.
	Grace time.Duration
}

// A History is all that happened, once everything is quiet.
type History struct {
	Rows  []Row
	Logs  []*Log
	Exits []Exit
}

// A Complaint is one broken promise.
type Complaint struct {
	Rule Rule
	Text string
}

// A Verdict is what Check found.
type Verdict struct {
	Complaints []Complaint
	// Acks, Heard, Joins and Resumes count what was checked: acknowledged sends,
	// deliveries, joins of all kinds and those that asked for what was missed.
	Acks, Heard, Joins, Resumes int
}

// Count returns how often one of rules was broken.
func (v Verdict) Count(rules ...Rule) int {
	n := 0
	for _, c := range v.Complaints {
		if slices.Contains(rules, c.Rule) {
			n++
		}
	}
	return n
}

func (v *Verdict) complain(rule Rule, format string, args ...any) {
	v.Complaints = append(v.Complaints, Complaint{rule, fmt.Sprintf(format, args...)})
}

// place is where a row is, and authorship what makes it one of its own.
type (
	place struct {
		study string
		seq   int64
	}
	authorship struct{ study, user, clientID string }
)

// A court is a history in the form that questions are asked in.
type court struct {
	Verdict
	rows  map[place]Row
	by    map[authorship]Row
	heads map[string]int64
	exits map[[2]string]Exit
}

// Check holds a history against the rules.
func Check(h History) Verdict {
	c := &court{rows: map[place]Row{}, by: map[authorship]Row{}, heads: map[string]int64{}, exits: map[[2]string]Exit{}}
	for _, e := range h.Exits {
		c.exits[[2]string{e.Study, e.User}] = e
	}
	c.stored(h.Rows, said(h.Logs))
	for _, l := range h.Logs {
		c.acks(l)
		c.heard(l)
	}
	return c.Verdict
}

// said is every clientId that was ever sent, with its text.
func said(logs []*Log) map[authorship]string {
	all := map[authorship]string{}
	for _, l := range logs {
		for _, r := range l.Records() {
			if r.Kind == Sent {
				all[authorship{r.Study, l.User, r.ClientID}] = r.Text
			}
		}
	}
	return all
}

// stored checks the rows by themselves. Texts are told apart too: were a message
// stored under a second clientId, the key of the table would not notice.
func (c *court) stored(rows []Row, sent map[authorship]string) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Study, b.Study), cmp.Compare(a.Seq, b.Seq))
	})
	texts := map[[3]string]Row{}
	for _, r := range rows {
		if want := c.heads[r.Study] + 1; r.Seq != want {
			c.complain(StoredBadly, "study %s: seq %d where %d is due", r.Study, r.Seq, want)
		}
		c.heads[r.Study] = r.Seq
		c.rows[place{r.Study, r.Seq}] = r
		key := authorship{r.Study, r.User, r.ClientID}
		text := [3]string{r.Study, r.User, r.Content}
		first, again := c.by[key]
		if !again {
			first, again = texts[text]
		}
		if again {
			c.complain(StoredTwice, "study %s: %s of %s has seqs %d and %d", r.Study, r.ClientID, r.User, first.Seq, r.Seq)
			continue
		}
		c.by[key], texts[text] = r, r
		if want, ok := sent[key]; !ok || want != r.Content {
			c.complain(StoredBadly, "study %s: seq %d is %q, sent was %q", r.Study, r.Seq, r.Content, want)
		}
	}
}

func (c *court) acks(l *Log) {
	for _, r := range l.Records() {
		if r.Kind != Acked {
			continue
		}
		c.Acks++
		row, ok := c.by[authorship{r.Study, l.User, r.ClientID}]
		switch {
		case !ok:
			c.complain(LostAck, "study %s: %s of %s, acknowledged as seq %d", r.Study, r.ClientID, l.User, r.Seq)
		case row.ID != r.ID || row.Seq != r.Seq:
			c.complain(WrongAck, "study %s: %s of %s is %s at seq %d, acknowledged as %s at %d", r.Study, r.ClientID, l.User, row.ID, row.Seq, r.ID, r.Seq)
		}
	}
}
