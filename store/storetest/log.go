package storetest

import (
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/coupchat/coup/store"
)

// A logTest is one behaviour of a log, on an empty one.
type logTest struct {
	name string
	run  func(t *testing.T, s store.Log)
}

var logs = slices.Concat(changes, refusing, reactions, readings)

// other returns an entry of user u1 with a new client id.
func other(kind store.Kind, message int64) store.Entry {
	return store.Entry{Kind: kind, StudyID: "a", UserID: "u1", UserName: "Mina", ClientID: rand.Text(), MessageSeq: message}
}

func edited(message int64, content string) store.Entry {
	e := other(store.KindEdit, message)
	e.Content = content
	return e
}

func reacted(message int64, user store.UserID, emoji string, on bool) store.Entry {
	e := other(store.KindReaction, message)
	e.UserID, e.Emoji, e.On = user, emoji, on
	return e
}

// full is a message with all that a message may have.
func full(content string) store.Entry {
	m := said("a", content)
	m.ReplyTo = 1
	m.Mentions = []store.UserID{"u2", "u3"}
	m.Attachments = []store.Attachment{{URL: "/files/1", Name: "그림 \"1\".png", Type: "image/png", Size: 1 << 40}, {URL: "https://example.com/a?b=c"}}
	m.Meta = `{"poll":{"a":[1,2.5,null,true]},"text":"\\ \" 한"}`
	return m
}

// post appends entries of study a and fails the test if one was not stored.
func post(t *testing.T, s store.Log, entries ...store.Entry) []store.Entry {
	t.Helper()
	out, err := s.Append(t.Context(), entries)
	if err != nil || len(out) != len(entries) {
		t.Fatalf("Append(%d entries) = %d, %v", len(entries), len(out), err)
	}
	for i, e := range out {
		if e.Err != nil {
			t.Fatalf("Append: the %s of message %d was refused: %v", e.Kind, e.MessageSeq, e.Err)
		}
		if e.Kind != entries[i].Kind || e.MessageSeq != entries[i].MessageSeq || e.ClientID != entries[i].ClientID {
			t.Fatalf("Append: answer %d is a %s of message %d, want a %s of message %d", i, e.Kind, e.MessageSeq, entries[i].Kind, entries[i].MessageSeq)
		}
	}
	return out
}

// entries returns all entries of study a.
func entries(t *testing.T, s store.Log) []store.Entry {
	t.Helper()
	found, err := s.Entries(t.Context(), store.Query{StudyID: "a", Limit: 10_000})
	if err != nil {
		t.Fatalf("Entries: %v", err)
	}
	return found
}

// message returns the message at a seq of study a.
func message(t *testing.T, s store.Log, seq int64) store.Entry {
	t.Helper()
	found := mustHistory(t, s, store.Query{StudyID: "a", After: seq - 1, Before: seq + 1, Limit: 1})
	if len(found) != 1 {
		t.Fatalf("History has %d messages at seq %d, want 1", len(found), seq)
	}
	return found[0]
}

// refuses checks that an entry is refused in its place, takes no seq, and undoes nothing of its
// batch.
func refuses(t *testing.T, s store.Log, e store.Entry, want error) {
	t.Helper()
	heads, err := s.Heads(t.Context(), []store.StudyID{"a"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Append(t.Context(), []store.Entry{said("a", "before"), e, said("a", "after")})
	if err != nil || len(out) != 3 {
		t.Fatalf("Append with a %s that is refused = %d entries, %v; want each to have its own outcome", e.Kind, len(out), err)
	}
	if !errors.Is(out[1].Err, want) || out[1].Seq != 0 {
		t.Errorf("Append of a %s of message %d = seq %d, %v; want seq 0 and %v", e.Kind, e.MessageSeq, out[1].Seq, out[1].Err, want)
	}
	if out[0].Err != nil || out[2].Err != nil || out[0].Seq != heads["a"]+1 || out[2].Seq != heads["a"]+2 {
		t.Errorf("those beside a %s that is refused get seqs %d and %d (%v, %v), want %d and %d",
			e.Kind, out[0].Seq, out[2].Seq, out[0].Err, out[2].Err, heads["a"]+1, heads["a"]+2)
	}
}
