package faults

import (
	"slices"
	"testing"
	"time"
)

// story is a history without violations: Ada is on connection 1 and, after a break, on 2.
// Ben stays connected.
func story() *History {
	row := func(seq int64, user, clientID string) Row {
		return Row{Study: "s", Seq: seq, ID: "id-" + clientID, User: user, ClientID: clientID, Content: "text " + clientID}
	}
	rows := []Row{row(1, "ada", "a1"), row(2, "ben", "b1"), row(3, "ada", "a2")}
	received := func(at time.Duration, conn int, w Row) Record {
		return Record{At: at, Kind: Received, Conn: conn, Study: w.Study, Seq: w.Seq, ID: w.ID, ClientID: w.ClientID, User: w.User, Text: w.Content}
	}
	sent := func(at time.Duration, w Row) Record {
		return Record{At: at, Kind: Sent, Conn: 1, Study: w.Study, ClientID: w.ClientID, Text: w.Content}
	}
	acked := func(at time.Duration, w Row) Record {
		return Record{At: at, Kind: Acked, Conn: 1, Study: w.Study, Seq: w.Seq, ID: w.ID, ClientID: w.ClientID}
	}
	join := func(at time.Duration, conn int, after, seq int64) Record {
		return Record{At: at, Kind: Joined, Conn: conn, Study: "s", After: after, Seq: seq}
	}
	return &History{Rows: rows, Logs: []*Log{
		{User: "ada", Studies: []string{"s"}, records: []Record{
			join(0, 1, Fresh, 0), sent(1, rows[0]), acked(2, rows[0]), received(2, 1, rows[0]),
			{At: 3, Kind: Closed, Conn: 1},
			join(5, 2, 1, 2), received(5, 2, rows[1]), sent(6, rows[2]), acked(7, rows[2]), received(7, 2, rows[2]),
		}},
		{User: "ben", Studies: []string{"s"}, records: []Record{
			join(0, 1, Fresh, 0), received(2, 1, rows[0]), sent(3, rows[1]), acked(4, rows[1]), received(4, 1, rows[1]), received(8, 1, rows[2]),
		}},
	}}
}

// restoredStory is a history in which the store went back behind its last row.
func restoredStory() *History {
	h := story()
	h.Rows[2].Undone = 10 * time.Second
	again := Row{Study: "s", Seq: 3, ID: "id-b2", User: "ben", ClientID: "b2", Content: "text b2"}
	h.Rows = append(h.Rows, again)
	reset := Record{At: 11 * time.Second, Kind: Reset, Study: "s", Seq: 2}
	for i, l := range h.Logs {
		reset.Conn = 2 - i
		l.records = append(l.records, reset)
		for seq := int64(1); seq <= 2; seq++ {
			l.records = append(l.records, Record{At: reset.At, Kind: Read, Conn: reset.Conn, Study: "s", Seq: seq, ID: h.Rows[seq-1].ID, ClientID: h.Rows[seq-1].ClientID, User: h.Rows[seq-1].User, Text: h.Rows[seq-1].Content})
		}
		l.records = append(l.records,
			Record{At: reset.At, Kind: Received, Conn: reset.Conn, Study: "s", Seq: 3, ID: again.ID, ClientID: "b2", User: "ben", Text: "text b2"})
	}
	l := h.Logs[1]
	l.records = append(l.records, Record{At: reset.At, Kind: Sent, Conn: 1, Study: "s", ClientID: "b2", Text: "text b2"})
	return h
}

func TestAGoodHistoryHasNoViolations(t *testing.T) {
	v := Check(*story())
	if len(v.Violations) > 0 || v.Acks != 3 || v.Received != 6 || v.Joins != 3 || v.Resumes != 1 {
		t.Errorf("Check(a good history) = %+v", v)
	}
}

func TestCheckerFindsEachViolation(t *testing.T) {
	ada, ben := 0, 1
	// at is the place of the nth delivery in a log.
	at := func(h *History, log, n int) int {
		for i, r := range h.Logs[log].records {
			if r.Kind == Received {
				if n--; n == 0 {
					return i
				}
			}
		}
		t.Fatal("there are not so many deliveries")
		return 0
	}
	tests := []struct {
		name    string
		corrupt func(h *History)
		want    Rule
	}{
		{"when an acknowledged row is gone", func(h *History) { h.Rows = h.Rows[:2] }, LostAck},
		{"when an ack names another row", func(h *History) { h.Rows[2].ID = "other" }, WrongAck},
		{"when a clientId has two rows", func(h *History) { w := h.Rows[0]; w.Seq = 4; h.Rows = append(h.Rows, w) }, StoredTwice},
		{"when a text has rows under two clientIds", func(h *History) { w := h.Rows[0]; w.Seq, w.ClientID = 4, "a9"; h.Rows = append(h.Rows, w) }, StoredTwice},
		{"when the seqs have a gap", func(h *History) { h.Rows[2].Seq = 4 }, StoredBadly},
		{"when a row was never sent", func(h *History) { h.Rows = append(h.Rows, Row{Study: "s", Seq: 4, ClientID: "x"}) }, StoredBadly},
		{"when a row has another text", func(h *History) { h.Rows[1].Content = "forged" }, StoredBadly},
		{"when a message is delivered twice on a connection", func(h *History) {
			l, i := h.Logs[ben], at(h, ben, 2)
			l.records = slices.Insert(l.records, i, l.records[i])
		}, DeliveredTwice},
		{"when a resume repeats what was shown", func(h *History) {
			l, i := h.Logs[ada], at(h, ada, 2)
			again := l.records[at(h, ada, 1)]
			again.Conn = 2
			l.records = slices.Insert(l.records, i, again)
		}, DeliveredTwice},
		{"when two messages change places", func(h *History) {
			l, i, j := h.Logs[ben], at(h, ben, 1), at(h, ben, 2)
			l.records[i], l.records[j] = l.records[j], l.records[i]
		}, Disorder},
		{"when a message is passed over", func(h *History) {
			l, i := h.Logs[ben], at(h, ben, 2)
			l.records = slices.Delete(l.records, i, i+1)
		}, Gap},
		{"when a resume begins too late", func(h *History) {
			l, i := h.Logs[ada], at(h, ada, 2)
			l.records = slices.Delete(l.records, i, i+1)
		}, Gap},
		{"when the last message never comes", func(h *History) { l := h.Logs[ben]; l.records = l.records[:len(l.records)-1] }, Gap},
		{"when a delivery has another author", func(h *History) { h.Logs[ben].records[at(h, ben, 1)].User = "eve" }, Distorted},
		{"when a delivery has no row", func(h *History) {
			l := h.Logs[ben]
			l.records = append(l.records, Record{At: 9, Kind: Received, Conn: 1, Study: "s", Seq: 4})
		}, Distorted},
		{"when a client receives without having joined", func(h *History) {
			h.Logs = append(h.Logs, &Log{User: "eve", Studies: []string{"s"}, records: h.Logs[ben].records[1:2]})
		}, Outsider},
		{"when a client receives messages of a study that is not its own", func(h *History) { h.Logs[ben].Studies = nil }, Outsider},
		{"when a user receives after the end of the membership", func(h *History) { h.Exits = []Exit{{Study: "s", User: "ben", At: 5, Grace: 2}} }, Outsider},
		{"when a client receives after room_left", func(h *History) {
			l, i := h.Logs[ben], at(h, ben, 3)
			l.records = slices.Insert(l.records, i, Record{At: 5, Kind: Left, Conn: 1, Study: "s"})
		}, Outsider},
		{"when a row of an undone history is delivered after the reset", func(h *History) {
			*h = *restoredStory()
			l := h.Logs[ben]
			l.records = append(l.records, l.records[at(h, ben, 3)])
		}, Distorted},
		{"when a client is not told of a restore", func(h *History) {
			*h = *restoredStory()
			l := h.Logs[ben]
			l.records = slices.DeleteFunc(l.records, func(r Record) bool { return r.Kind == Reset })
		}, Stale},
		{"when a client does not have all of the new history", func(h *History) {
			*h = *restoredStory()
			l := h.Logs[ben]
			l.records = slices.DeleteFunc(l.records, func(r Record) bool { return r.Kind == Read })
		}, Gap},
		{"when a row that was undone is acknowledged late", func(h *History) {
			*h = *restoredStory()
			for i, r := range h.Logs[ada].records {
				if r.Kind == Acked {
					h.Logs[ada].records[i].At = time.Minute
				}
			}
		}, LostAck},
		{"when a connection carries payloads", func(h *History) {
			h.Logs[ben].records = append(h.Logs[ben].records, Record{At: 9, Kind: Broken, Conn: 1, Text: "payloads"})
		}, Garbled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := story()
			test.corrupt(h)
			if v := Check(*h); v.Count(test.want) == 0 {
				t.Errorf("Check(…) complains %q, want %q", v.Violations, test.want)
			}
		})
	}
}

func TestWhatIsNoViolation(t *testing.T) {
	tests := []struct {
		name  string
		alter func(h *History)
	}{
		{"that goes on after a restore", func(h *History) { *h = *restoredStory() }},
		{"that left early", func(h *History) { l := h.Logs[1]; l.records, l.Partial = l.records[:len(l.records)-1], true }},
		{"that receives within the grace of its exit", func(h *History) { h.Exits = []Exit{{Study: "s", User: "ben", At: 5, Grace: 3}} }},
		{"that reads what a truncated join does not bring", func(h *History) {
			l := h.Logs[0]
			for i, r := range l.records {
				switch {
				case r.Kind == Joined && r.Conn == 2:
					l.records[i].Truncated = true
				case r.Kind == Received && r.Seq == 2:
					l.records[i].Kind = Read
				}
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := story()
			test.alter(h)
			if v := Check(*h); len(v.Violations) > 0 {
				t.Errorf("Check(…) complains %q", v.Violations)
			}
		})
	}
}
