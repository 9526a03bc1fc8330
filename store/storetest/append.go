package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

var appends = []test{
	{"numbers the messages of a study from 1", func(t *testing.T, s store.Store) {
		for want := int64(1); want <= 3; want++ {
			if got := mustAppend(t, s, said("a", "hello"))[0]; got.Seq != want || got.Repeated {
				t.Errorf("append %d got seq %d, repeated %v", want, got.Seq, got.Repeated)
			}
		}
		checkHead(t, s, "a", 3)
	}},
	{"numbers each study of a batch by itself, in the order given", func(t *testing.T, s store.Store) {
		mustAppend(t, s, said("b", "first"))
		out := mustAppend(t, s, said("b", "1"), said("a", "2"), said("c", "3"), said("a", "4"), said("b", "5"))
		checkSeqs(t, out, []int64{2, 1, 1, 2, 3})
		for study, head := range map[store.StudyID]int64{"a": 2, "b": 3, "c": 1} {
			checkHead(t, s, study, head)
		}
	}},
	{"takes a batch of MaxBatch", func(t *testing.T, s store.Store) {
		checkSeqs(t, mustAppend(t, s, saidMany("a", store.MaxBatch)...), span(1, store.MaxBatch))
		checkHead(t, s, "a", store.MaxBatch)
	}},
	{"does nothing for an empty batch", func(t *testing.T, s store.Store) {
		mustAppend(t, s)
	}},
	{"gives each message an id of its own", func(t *testing.T, s store.Store) {
		ids := make(map[string]bool)
		for _, m := range mustAppend(t, s, said("a", "1"), said("a:1", "2"), said("a", "3"), said("a:1", "4")) {
			if m.ID == "" || ids[m.ID] {
				t.Errorf("id of %s %d is %q, want a new one", m.StudyID, m.Seq, m.ID)
			}
			ids[m.ID] = true
		}
	}},
	{"stamps messages in UTC with milliseconds by its own clock", func(t *testing.T, s store.Store) {
		before := time.Now().Add(-slack)
		m := said("a", "hello")
		m.SentAt = time.Unix(0, 0)
		got := mustAppend(t, s, m)[0].SentAt
		if got.Before(before) || got.After(time.Now().Add(slack)) {
			t.Errorf("SentAt = %s, want about now", got)
		}
		if got.Location() != time.UTC || got.Nanosecond()%int(time.Millisecond) != 0 {
			t.Errorf("SentAt = %s, want UTC with milliseconds", got.Format(time.RFC3339Nano))
		}
	}},
	{"stamps messages with milliseconds, and not with whole seconds", func(t *testing.T, s store.Store) {
		for range 5 {
			if mustAppend(t, s, said("a", "hello"))[0].SentAt.Nanosecond() != 0 {
				return
			}
			wait(t, 7*time.Millisecond)
		}
		t.Error("SentAt of each message is a whole second, want milliseconds")
	}},
	{"leaves the caller's messages alone", func(t *testing.T, s store.Store) {
		msgs := []store.Message{said("b", "1"), said("a", "2")}
		before := slices.Clone(msgs)
		mustAppend(t, s, msgs...)
		for i, m := range msgs {
			if !reflect.DeepEqual(m, before[i]) {
				t.Errorf("Append changed its input: message %d has ID %q, Seq %d and SentAt %s", i, m.ID, m.Seq, m.SentAt)
			}
		}
	}},
	{"gives back by History what Append returned", func(t *testing.T, s store.Store) {
		out := mustAppend(t, s, saidMany("a", 3)...)
		for i, m := range all(t, s, "a") {
			checkSame(t, m, out[i])
		}
	}},
}
