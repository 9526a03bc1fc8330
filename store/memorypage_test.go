package store

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"strings"
	"testing"
)

func say(t *testing.T, s *Memory, e Entry) Entry {
	t.Helper()
	e.StudyID = "1"
	if e.UserID == "" {
		e.UserID, e.UserName = "7", "Kim"
	}
	stored, err := s.Append(t.Context(), []Entry{e})
	if err != nil || stored[0].Err != nil {
		t.Fatalf("append %+v: %v, %v", e, err, stored[0].Err)
	}
	return stored[0]
}

// Two keys that have the same hash are two entries, also after the first was dropped.
func TestKeysWithTheSameHash(t *testing.T) {
	s := NewMemory()
	s.MaxEntries = 1
	first := say(t, s, Entry{Content: "first", ClientID: "a"})
	st := s.studies["1"]
	st.seqs[maphash.Comparable(memorySeed, memoryKey{"7", "b"})] = first.Seq

	second := say(t, s, Entry{Content: "second", ClientID: "b"})
	if again := say(t, s, Entry{ClientID: "b"}); second.Seq != 2 || !again.Repeated || again.Content != "second" {
		t.Fatalf("stored %+v, then %+v", second, again)
	}
	if again := say(t, s, Entry{ClientID: "a"}); !again.Repeated || again.Content != "first" {
		t.Errorf("the first is now %+v", again)
	}
	for i := range 2 * pageRows {
		say(t, s, Entry{Content: "more", ClientID: fmt.Sprint(i)})
	}
	if len(st.clashes) > 0 || int64(len(st.seqs)) > st.head-st.gone+1 {
		t.Errorf("%d clashes and %d keys are left of %d entries", len(st.clashes), len(st.seqs), st.head-st.gone)
	}
}

// MaxEntries drops whole pages, never what must be kept. The head goes on.
func TestMaxEntries(t *testing.T) {
	s := NewMemory()
	s.MaxEntries = 300
	said := say(t, s, Entry{Content: "to be edited", ClientID: "first"})
	for i := range 5*pageRows - 2 {
		say(t, s, Entry{Content: fmt.Sprint("message ", i), ClientID: fmt.Sprint(i), ReplyTo: int64(i % 2)})
		if i == pageRows-5 {
			say(t, s, Entry{Kind: KindEdit, MessageSeq: said.Seq, Content: "edited", ClientID: "edit"})
		}
	}
	st := s.studies["1"]
	found, err := s.Entries(t.Context(), Query{StudyID: "1", Limit: 10_000})
	if err != nil || int64(len(found)) != st.head-st.gone || len(found) < 300 || len(found) >= 300+pageRows {
		t.Fatalf("%d entries are left of %d, error %v", len(found), st.head, err)
	}
	for i, e := range found {
		if e.Seq != st.gone+1+int64(i) {
			t.Fatalf("entry %d has seq %d after %d", i, e.Seq, st.gone)
		}
	}
	if n := len(st.rare); n > len(found) {
		t.Errorf("%d rare entries are kept of %d", n, len(found))
	}
	stored, err := s.Append(t.Context(), []Entry{{StudyID: "1", UserID: "7", Kind: KindEdit, MessageSeq: 1, ClientID: "late"}})
	if err != nil || stored[0].Err != ErrNotFound {
		t.Errorf("an edit of a dropped message: %v, %v", stored[0].Err, err)
	}
}

// What was deleted or edited is nowhere in the pages.
func TestPagesForgetText(t *testing.T) {
	s := NewMemory()
	for i := range 3 {
		say(t, s, Entry{Content: strings.Repeat("secret", 10), ClientID: fmt.Sprint(i)})
	}
	say(t, s, Entry{Kind: KindEdit, MessageSeq: 1, Content: "harmless", ClientID: "e"})
	say(t, s, Entry{Kind: KindEdit, MessageSeq: 3, Content: "a secret again", ClientID: "f"})
	for seq := int64(2); seq <= 3; seq++ {
		say(t, s, Entry{Kind: KindDelete, MessageSeq: seq, ClientID: fmt.Sprint("d", seq)})
	}
	st := s.studies["1"]
	if bytes.Contains(st.pages[0].text, []byte("secret")) {
		t.Errorf("the page still has %q", st.pages[0].text)
	}
	for seq, e := range st.rare {
		if strings.Contains(e.Content, "secret") {
			t.Errorf("entry %d still has %q", seq, e.Content)
		}
	}
}
