// Package storetest tests a backend of package store against the promises written there.
// The test of a backend is one line:
//
//	func TestStore(t *testing.T) { storetest.Run(t, open) }
package storetest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// Slack is how much the clock of the store may differ from that of the test.
const slack = 2 * time.Second

// Run runs all tests. open returns an empty store and closes it when its test ends. Each
// subtest opens a store of its own.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, part := range []struct {
		name  string
		tests []test
	}{
		{"Append", appends},
		{"Repeats", repeats},
		{"Concurrency", concurrency},
		{"History", histories},
		{"Presence", presences},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, c := range part.tests {
				t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
			}
		})
	}
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
	got := make([]int64, len(msgs))
	for i, m := range msgs {
		got[i] = m.Seq
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("seqs are %v, want %v", got, want)
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
	got.SentAt = want.SentAt
	if got != want {
		t.Errorf("message is %s, want %s", clip(got), clip(want))
	}
}

func clip(m store.Message) string {
	s := fmt.Sprintf("%+q", fmt.Sprintf("%+v", m))
	return s[:min(len(s), 600)] + strings.Repeat("…", min(1, max(0, len(s)-600)))
}

// eventually waits until ok returns true, and fails after limit.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
