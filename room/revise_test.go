package room

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// logged is the event of an entry of the study "a".
func logged(seq int64, kind store.Kind, message int64, content string) *Event {
	e := store.Entry{Kind: kind, StudyID: "a", Seq: seq, MessageSeq: message, UserID: "u1", Content: content, SentAt: time.Unix(seq, 0)}
	switch kind {
	case store.KindEdit:
		e.EditedAt = e.SentAt
	case store.KindDelete:
		e.DeletedAt = e.SentAt
	}
	return messageEvent(e)
}

// told is what a replay of everything that is remembered says.
func told(t *timeline) string {
	var b strings.Builder
	for _, ev := range append(append([]*Event(nil), t.kept.older.events...), t.kept.recent...) {
		m := ev.Message
		fmt.Fprintf(&b, "%d %s %q edited %v deleted %v; ", m.Seq, m.Kind, m.Content, !m.EditedAt.IsZero(), !m.DeletedAt.IsZero())
	}
	return b.String()
}

func TestWhatIsRememberedShowsEditsAndDeletions(t *testing.T) {
	line := &timeline{maxReplay: 500}
	line.open(0)
	add := func(ev *Event) *Event { line.add(ev); return ev }
	first := add(logged(1, store.KindMessage, 0, "old"))
	add(logged(2, store.KindMessage, 0, "another"))
	add(logged(3, store.KindEdit, 1, "new"))
	if got, want := told(line), `1 message "new" edited true deleted false; 2 message "another" edited false deleted false; 3 edit "new" edited true deleted false; `; got != want {
		t.Errorf("after an edit:\n%s, want\n%s", got, want)
	}
	if first.Message.Content != "old" {
		t.Error("an event that was handed out is changed")
	}
	add(logged(4, store.KindDelete, 1, ""))
	if got, want := told(line), `1 message "" edited false deleted true; 2 message "another" edited false deleted false; 3 edit "" edited true deleted true; 4 delete "" edited false deleted true; `; got != want {
		t.Errorf("after a deletion:\n%s, want\n%s", got, want)
	}
	bytes := line.kept.bytes
	if line.kept.count(); line.kept.bytes != bytes {
		t.Errorf("%d bytes are counted, want %d", bytes, line.kept.bytes)
	}
}

// A read for a replay may have begun before an edit was stored, and end after it.
func TestAReadThatIsOlderThanADeletionShowsIt(t *testing.T) {
	line := &timeline{maxReplay: 500}
	line.open(5)
	line.add(logged(6, store.KindDelete, 4, ""))
	line.kept.load(newStretch(3, 5, []store.Entry{
		{StudyID: "a", Seq: 4, Content: "secret", SentAt: time.Unix(4, 0)}, {StudyID: "a", Seq: 5, Content: "kept", SentAt: time.Unix(5, 0)},
	}, 64))
	if got, want := told(line), `4 message "" edited false deleted true; 5 message "kept" edited false deleted false; 6 delete "" edited false deleted true; `; got != want {
		t.Errorf("remembered:\n%s, want\n%s", got, want)
	}
}
