package faults

import (
	"fmt"
	"slices"
	"testing"
)

// changedStory is a history with changes: Ada edits her message and Ben deletes his. Ben comes back
// between the two, and reads the history.
func changedStory() *History {
	row := func(seq int64, user string, change Change) Row {
		return Row{Study: "s", Seq: seq, User: user, ClientID: fmt.Sprint("c", seq), Change: change}
	}
	rows := []Row{row(1, "ada", Change{}), row(2, "ben", Change{}),
		row(3, "ada", Change{Kind: Edit, Of: 1}), row(4, "ben", Change{Kind: Reaction, Of: 1, Emoji: "👍", On: true}), row(5, "ben", Change{Kind: Delete, Of: 2})}
	sent := []string{"hello", "oops", "hello!", "", ""}
	event := func(kind Kind, conn int, seq int64) Record {
		w := rows[seq-1]
		r := Record{Kind: kind, Conn: conn, Study: "s", Seq: seq, User: w.User, Text: sent[seq-1], Change: w.Change}
		if kind == Sent || w.Change.Kind == Message {
			r.ClientID = w.ClientID
		}
		return r
	}
	rows[0].Content, rows[0].State.Reactions = "hello!", []By{{"👍", "ben"}}
	rows[1].State.Deleted = true
	join := Record{Kind: Joined, Study: "s", Conn: 1, After: Fresh}
	back := Record{Kind: Joined, Study: "s", Conn: 2, Seq: 4, Truncated: true}
	read := event(Read, 2, 1)
	read.Text, read.State = rows[0].Content, rows[0].State
	return &History{Rows: rows, Logs: []*Log{
		{User: "ada", Studies: []string{"s"}, records: []Record{join, event(Sent, 1, 1), event(Sent, 1, 3),
			event(Received, 1, 1), event(Received, 1, 2), event(Received, 1, 3), event(Received, 1, 4), event(Received, 1, 5)}},
		{User: "ben", Studies: []string{"s"}, records: []Record{join, event(Sent, 1, 2), back, event(Sent, 2, 4), event(Sent, 2, 5),
			read, event(Read, 2, 2), event(Received, 2, 5)}},
	}}
}

// A reaction that changed nothing is acknowledged without a seq. The client may have left the study before the
// ack comes, and have forgotten what it sent.
func TestAReactionThatChangesNothingIsNotLost(t *testing.T) {
	h := changedStory()
	ben := h.Logs[1]
	again := Record{Kind: Sent, Conn: 2, Study: "s", ClientID: "c9", Change: Change{Kind: Reaction, Of: 1, Emoji: "👍", On: true}}
	ben.records = append(ben.records, again, Record{Kind: Left, Conn: 2, Study: "s"}, Record{Kind: Acked, Conn: 2, Study: "s", ClientID: "c9"})
	if v := Check(*h); len(v.Violations) > 0 {
		t.Errorf("Check(…) complains %q", v.Violations)
	}
	ben.records[len(ben.records)-3].Change = Change{}
	if v := Check(*h); v.Count(LostAck) != 1 {
		t.Errorf("Check(…) of a message that was acknowledged without a seq complains %q", v.Violations)
	}
}

// A client forgets what it showed when a join is truncated: an edit of it is not replayed, and the
// history after the join does not have it.
func TestATruncatedJoinForgetsWhatWasShown(t *testing.T) {
	h := changedStory()
	ben := h.Logs[1]
	old := h.Logs[0].records[3] // her message as it was
	old.Conn = 1
	ben.records = slices.Insert(slices.Delete(ben.records, 5, 6), 2, old)
	if v := Check(*h); len(v.Violations) > 0 {
		t.Errorf("Check(…) complains %q", v.Violations)
	}
}

func TestCheckerFindsWrongChanges(t *testing.T) {
	if v := Check(*changedStory()); len(v.Violations) > 0 || v.Changes != 3 || v.Views != 2 {
		t.Fatalf("Check(a good history) = %+v", v)
	}
	const ada, ben = 0, 1
	tests := []struct {
		name    string
		corrupt func(h *History)
		want    Rule
	}{
		{"an edit is passed over", func(h *History) { h.Logs[ada].records = slices.Delete(h.Logs[ada].records, 5, 6) }, Gap},
		{"an edit has a text of nobody", func(h *History) { h.Logs[ada].records[5].Text = "forged" }, Distorted},
		{"an edit names another message", func(h *History) { h.Logs[ada].records[5].Change.Of = 2 }, Distorted},
		{"a reaction has another emoji", func(h *History) { h.Logs[ada].records[6].Change.Emoji = "🎉" }, Distorted},
		{"the table has the text of before the edit", func(h *History) { h.Rows[0].Content = "hello" }, StoredBadly},
		{"the table lacks a reaction", func(h *History) { h.Rows[0].State.Reactions = nil }, StoredBadly},
		{"the table still has what was deleted", func(h *History) { h.Rows[1].Content, h.Rows[1].State.Deleted = "oops", false }, StoredBadly},
		{"an entry was never sent", func(h *History) { h.Rows[3].Change.On = false }, StoredBadly},
		{"an edit was acknowledged and is not stored", func(h *History) {
			h.Logs[ada].records = append(h.Logs[ada].records, Record{Kind: Acked, Study: "s", Seq: 6, ClientID: "c6", Change: Change{Kind: Edit, Of: 1}})
		}, LostAck},
		{"the history has the text of before the edit", func(h *History) { h.Logs[ben].records[5].Text = "hello" }, Differs},
		{"the history lacks a reaction", func(h *History) { h.Logs[ben].records[5].State.Reactions = nil }, Differs},
		{"the history lacks a message", func(h *History) { h.Logs[ben].records = slices.Delete(h.Logs[ben].records, 5, 6) }, Gap},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := changedStory()
			tt.corrupt(h)
			if v := Check(*h); v.Count(tt.want) == 0 {
				t.Errorf("Check(…) complains %q, want %q", v.Violations, tt.want)
			}
		})
	}
}
