// Package storetest tests a backend of package store against the promises written there. The
// test of a backend says how to open it:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Backend {
//			file := filepath.Join(t.TempDir(), "chat.db")
//			s := open(t, file)
//			return storetest.Backend{
//				Store:  s,
//				Second: func() store.Store { return open(t, file) },
//				Reopen: func() store.Store { s.Close(); return open(t, file) },
//			}
//		})
//	}
package storetest

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// Slack is how much the clock of the store may differ from that of the test.
const slack = 2 * time.Second

// A Backend is what Run tests. Only Store is required.
type Backend struct {
	// Store is an empty store.
	Store store.Store
	// Second returns another handle on the data of Store, as a second hub or api has. It is
	// called at most once. Without it, Run says that it does not test what two processes do
	// to each other.
	Second func() store.Store
	// Reopen closes Store and opens its data again. It is called at most once. Without it, Run
	// says that it does not test whether anything is kept.
	Reopen func() store.Store
	// Search returns another handle on the data of Store, with search turned on, for a backend where
	// that is an option.
	Search func() store.Store
	// NewID returns a new id for a study or a user, for a backend that does not take every
	// valid one: a column of type uuid, say. By default the ids are short words.
	NewID func() string
}

// Run runs all tests. open returns an empty backend and closes its stores when its test ends.
// Each subtest opens a backend of its own.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	// If History is wrong, the other parts fail too, and say less.
	for _, part := range []struct {
		name  string
		tests []test
	}{
		{"Append", appends},
		{"History", histories},
		{"Text", texting},
		{"Context", contexts},
		{"Repeats", repeats},
		{"Concurrency", concurrency},
		{"Presence", presences},
		{"LastSeen", lastSeens},
		{"PresenceOrder", orders},
		{"PresenceIDs", caseOfIDs},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, c := range part.tests {
				t.Run(c.name, func(t *testing.T) {
					b := open(t)
					c.run(t, withIDs(b.Store, newIDs(b.NewID)))
				})
			}
		})
	}
	t.Run("Log", func(t *testing.T) {
		for _, c := range logs {
			t.Run(c.name, func(t *testing.T) {
				b := open(t)
				l, ok := withIDs(b.Store, newIDs(b.NewID)).(store.Log)
				if !ok {
					t.Log("Backend.Store is no store.Log, so it keeps messages only: hubs refuse edits, reactions and the rest")
					return
				}
				c.run(t, l)
			})
		}
	})
	t.Run("Reads", func(t *testing.T) { runReads(t, open) })
	t.Run("Erasing", func(t *testing.T) { runErasures(t, open) })
	t.Run("Search", func(t *testing.T) { runSearches(t, open) })
	t.Run("TwoHandles", func(t *testing.T) {
		runPairs(t, open, handles, func(b Backend) func() store.Store { return b.Second },
			"Backend.Second is missing, so it is not tested whether two hubs may use the data at the same time")
	})
	t.Run("Reopen", func(t *testing.T) {
		runPairs(t, open, reopens, func(b Backend) func() store.Store { return b.Reopen },
			"Backend.Reopen is missing, so it is not tested whether anything is kept")
	})
}

// runPairs runs tests of a store and another one on the same data, which other returns. If
// the backend has none it logs missing.
func runPairs(t *testing.T, open func(t *testing.T) Backend, tests []pairTest, other func(Backend) func() store.Store, missing string) {
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			b := open(t)
			if other(b) == nil {
				t.Log(missing)
				return
			}
			ids := newIDs(b.NewID)
			c.run(t, withIDs(b.Store, ids), func() store.Store { return withIDs(other(b)(), ids) })
		})
	}
}

// A pairTest is a behaviour of a store and of another one on the same data.
type pairTest struct {
	name string
	run  func(t *testing.T, s store.Store, other func() store.Store)
}

// A test is one behaviour, on an empty store.
type test struct {
	name string
	run  func(t *testing.T, s store.Store)
}

// said returns a message of user u1 with a new client id, of the kind that clients send:
// a store may leave out generated ones.
func said(study store.StudyID, content string) store.Message {
	return store.Message{StudyID: study, UserID: "u1", UserName: "Mina", Content: content, ClientID: rand.Text()}
}

// saidMany returns n messages.
func saidMany(study store.StudyID, n int) []store.Message {
	msgs := make([]store.Message, n)
	for i := range msgs {
		msgs[i] = said(study, fmt.Sprintf("message %d", i+1))
	}
	return msgs
}

// mustAppend appends msgs and checks that each answer belongs to its message.
func mustAppend(t *testing.T, s store.Store, msgs ...store.Message) []store.Message {
	t.Helper()
	out, err := s.Append(t.Context(), msgs)
	if err != nil {
		t.Fatalf("Append(%d messages): %v", len(msgs), err)
	}
	if len(out) != len(msgs) {
		t.Fatalf("Append(%d messages) = %d messages", len(msgs), len(out))
	}
	for i, m := range msgs {
		if out[i].StudyID != m.StudyID || out[i].UserID != m.UserID || out[i].ClientID != m.ClientID {
			t.Fatalf("Append: answer %d is %+v, want that of %+v", i, out[i], m)
		}
		if out[i].Repeated {
			continue
		}
		if out[i].UserName != m.UserName {
			t.Fatalf("Append: UserName of answer %d is %+q, want %+q", i, clipText(out[i].UserName), clipText(m.UserName))
		}
		if out[i].Content != m.Content {
			t.Fatalf("Append: Content of answer %d is %+q, want %+q", i, clipText(out[i].Content), clipText(m.Content))
		}
	}
	return out
}

// mustHistory returns the messages that q selects.
func mustHistory(t *testing.T, s store.Store, q store.Query) []store.Message {
	t.Helper()
	msgs, err := s.History(t.Context(), q)
	if err != nil {
		t.Fatalf("History(%+v): %v", q, err)
	}
	return msgs
}

// all returns every message of study, at most 10,000.
func all(t *testing.T, s store.Store, study store.StudyID) []store.Message {
	t.Helper()
	return mustHistory(t, s, store.Query{StudyID: study, Limit: 10_000})
}

// checkHead checks the newest seq of study, and that its messages have all seqs from 1.
func checkHead(t *testing.T, s store.Store, study store.StudyID, want int64) {
	t.Helper()
	heads, err := s.Heads(t.Context(), []store.StudyID{study})
	if err != nil {
		t.Fatalf("Heads(%s): %v", study, err)
	}
	if heads[study] != want {
		t.Errorf("Heads(%s) = %d, want %d", study, heads[study], want)
	}
	checkSeqs(t, all(t, s, study), span(1, want))
}

func checkSeqs(t *testing.T, msgs []store.Message, want []int64) {
	t.Helper()
	for i, m := range msgs {
		switch {
		case i == len(want):
			t.Errorf("%d messages, want %d: the first too many has seq %d", len(msgs), len(want), m.Seq)
			return
		case m.Seq != want[i]:
			t.Errorf("message %d of %d has seq %d, want %d", i+1, len(msgs), m.Seq, want[i])
			return
		}
	}
	if len(msgs) < len(want) {
		t.Errorf("%d messages, want %d: the first that is missing has seq %d", len(msgs), len(want), want[len(msgs)])
	}
}

// span returns from, from+1 and so on up to to.
func span(from, to int64) []int64 {
	seqs := []int64{}
	for seq := from; seq <= to; seq++ {
		seqs = append(seqs, seq)
	}
	return seqs
}

// checkSame checks that two messages are equal except for Repeated.
func checkSame(t *testing.T, got, want store.Message) {
	t.Helper()
	got.Repeated, want.Repeated = false, false
	if !got.SentAt.Equal(want.SentAt) {
		t.Errorf("message %s was sent at %s, want %s", got.ID, got.SentAt, want.SentAt)
	}
	for _, f := range []struct{ name, got, want string }{
		{"ID", got.ID, want.ID},
		{"StudyID", string(got.StudyID), string(want.StudyID)},
		{"Seq", fmt.Sprint(got.Seq), fmt.Sprint(want.Seq)},
		{"UserID", string(got.UserID), string(want.UserID)},
		{"UserName", got.UserName, want.UserName},
		{"Content", got.Content, want.Content},
		{"ClientID", got.ClientID, want.ClientID},
		{"Kind", got.Kind.String(), want.Kind.String()},
		{"MessageSeq", fmt.Sprint(got.MessageSeq), fmt.Sprint(want.MessageSeq)},
		{"ReplyTo", fmt.Sprint(got.ReplyTo), fmt.Sprint(want.ReplyTo)},
		{"Mentions", fmt.Sprint(got.Mentions), fmt.Sprint(want.Mentions)},
		{"Attachments", fmt.Sprint(got.Attachments), fmt.Sprint(want.Attachments)},
		{"Meta", got.Meta, want.Meta},
		{"EditedAt", stamp(got.EditedAt), stamp(want.EditedAt)},
		{"DeletedAt", stamp(got.DeletedAt), stamp(want.DeletedAt)},
		{"Reactions", fmt.Sprint(got.Reactions), fmt.Sprint(want.Reactions)},
		{"Emoji", got.Emoji, want.Emoji},
		{"On", fmt.Sprint(got.On), fmt.Sprint(want.On)},
		{"Count", fmt.Sprint(got.Count), fmt.Sprint(want.Count)},
	} {
		if f.got != f.want {
			t.Errorf("%s of a message is %+q, want %+q", f.name, clipText(f.got), clipText(f.want))
			return
		}
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return store.FormatTime(t)
}

// clipText returns the beginning of a text. If that is not all, the length follows: two
// texts that differ only at their end would look the same.
func clipText(s string) string {
	r := []rune(s)
	if len(r) <= 30 {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", string(r[:30]), len(s))
}

// eventually waits until ok returns true, and fails after limit.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	if !within(limit, ok) {
		t.Fatalf("not within %s: %s", limit, what)
	}
}

// within waits until ok returns true, and reports false after limit.
func within(limit time.Duration, ok func() bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
