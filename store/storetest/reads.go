package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/coupchat/coup/store"
)

// A readsTest is one behaviour of a store that keeps what users have read, on an empty one.
type readsTest struct {
	name string
	run  func(t *testing.T, s store.Reads)
}

var reads = []readsTest{
	{"AMarkIsKeptAndNeverGoesBack", func(t *testing.T, s store.Reads) {
		mustAppend(t, s, saidMany("a", 5)...)
		if got := state(t, s, "a", "u2"); got != (store.ReadState{}) {
			t.Errorf("before there is a mark: %+v, want zero", got)
		}
		for _, step := range []struct{ mark, seq int64 }{{0, 0}, {3, 3}, {2, 3}, {4, 4}, {99, 5}, {0, 5}} {
			markRead(t, s, store.ReadMark{StudyID: "a", UserID: "u2", Seq: step.mark})
			if got := state(t, s, "a", "u2"); !got.Marked || got.Seq != step.seq {
				t.Errorf("after a mark at %d: %+v, want seq %d", step.mark, got, step.seq)
			}
		}
	}},
	{"AMarkIsNeverAboveTheHead", func(t *testing.T, s store.Reads) {
		markRead(t, s, store.ReadMark{StudyID: "a", UserID: "u2", Seq: 7})
		mustAppend(t, s, saidMany("a", 9)...)
		if got := state(t, s, "a", "u2"); !got.Marked || got.Seq != 0 || got.Unread != 9 {
			t.Errorf("a mark at 7 in an empty study counts %+v once it has 9 messages, want seq 0 and 9 unread", got)
		}
	}},
	{"OnlyMessagesOfOthersAreUnread", func(t *testing.T, s store.Reads) {
		for _, user := range []store.UserID{"u1", "u2", "u2", "u3"} {
			m := said("a", "text")
			m.UserID = user
			mustAppend(t, s, m)
		}
		markRead(t, s, store.ReadMark{StudyID: "a", UserID: "u2", Seq: 1}, store.ReadMark{StudyID: "a", UserID: "u1", Seq: 0})
		for user, want := range map[store.UserID]int{"u2": 1, "u1": 3} {
			if got := state(t, s, "a", user); got.Unread != want {
				t.Errorf("%s has %d unread, want %d", user, got.Unread, want)
			}
		}
		l, ok := s.(store.Log) // not with ids of its own
		if !ok {
			return
		}
		gone := other(store.KindDelete, 4)
		gone.UserID = "u3"
		post(t, l, gone, reacted(1, "u3", "👍", true))
		if got := state(t, s, "a", "u2"); got.Unread != 0 {
			t.Errorf("%d unread, want 0: the message is deleted, and a reaction is no message", got.Unread)
		}
	}},
	{"AtMost99AreCounted", func(t *testing.T, s store.Reads) {
		mustAppend(t, s, saidMany("a", 120)...)
		markRead(t, s, store.ReadMark{StudyID: "a", UserID: "u2", Seq: 20})
		if got := state(t, s, "a", "u2"); got.Unread != store.MaxUnread {
			t.Errorf("%d unread of 100, want %d", got.Unread, store.MaxUnread)
		}
		markRead(t, s, store.ReadMark{StudyID: "a", UserID: "u2", Seq: 22})
		if got := state(t, s, "a", "u2"); got.Unread != 98 {
			t.Errorf("%d unread of 98", got.Unread)
		}
	}},
	{"AnswersHaveTheOrderOfTheQuestions", func(t *testing.T, s store.Reads) {
		mustAppend(t, s, append(saidMany("a", 3), saidMany("b", 2)...)...)
		// The highest of several marks counts, whatever their order.
		markRead(t, s, store.ReadMark{StudyID: "b", UserID: "u2", Seq: 1}, store.ReadMark{StudyID: "a", UserID: "u2", Seq: 2},
			store.ReadMark{StudyID: "a", UserID: "u2", Seq: 1}, store.ReadMark{StudyID: "b", UserID: "u3", Seq: 2})
		of := []store.Membership{{StudyID: "b", UserID: "u3"}, {StudyID: "a", UserID: "u3"}, {StudyID: "a", UserID: "u2"}, {StudyID: "b", UserID: "u2"}, {StudyID: "a", UserID: "u2"}}
		got, err := s.ReadStates(t.Context(), of)
		want := []store.ReadState{{Marked: true, Seq: 2}, {}, {Marked: true, Seq: 2, Unread: 1}, {Marked: true, Seq: 1, Unread: 1}, {Marked: true, Seq: 2, Unread: 1}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ReadStates = %+v, %v, want %+v", got, err, want)
		}
		if err := s.MarkRead(t.Context(), nil); err != nil {
			t.Errorf("MarkRead of nothing: %v", err)
		}
		if got, err := s.ReadStates(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("ReadStates of nobody = %v, %v", got, err)
		}
	}},
	{"MarksOfAStudyAreThoseOfEverybody", func(t *testing.T, s store.Reads) {
		mustAppend(t, s, append(saidMany("a", 3), saidMany("b", 1)...)...)
		markRead(t, s, store.ReadMark{StudyID: "a", UserID: "u2", Seq: 3}, store.ReadMark{StudyID: "a", UserID: "u1", Seq: 1}, store.ReadMark{StudyID: "b", UserID: "u3", Seq: 1})
		got, err := s.ReadMarks(t.Context(), "a")
		if errors.Is(err, errors.ErrUnsupported) {
			t.Log("ReadMarks is not supported, so nobody sees what others have read")
			return
		}
		slices.SortFunc(got, func(a, b store.ReadMark) int { return int(a.Seq - b.Seq) })
		if want := []store.ReadMark{{StudyID: "a", UserID: "u1", Seq: 1}, {StudyID: "a", UserID: "u2", Seq: 3}}; err != nil || !slices.Equal(got, want) {
			t.Errorf("ReadMarks(a) = %+v, %v, want %+v", got, err, want)
		}
		if got, err := s.ReadMarks(t.Context(), "nothing"); err != nil || len(got) != 0 {
			t.Errorf("ReadMarks of a study without marks = %+v, %v", got, err)
		}
	}},
}

func markRead(t *testing.T, s store.Reads, marks ...store.ReadMark) {
	t.Helper()
	if err := s.MarkRead(t.Context(), marks); err != nil {
		t.Fatalf("MarkRead(%+v): %v", marks, err)
	}
}

func state(t *testing.T, s store.Reads, study store.StudyID, user store.UserID) store.ReadState {
	t.Helper()
	states, err := s.ReadStates(t.Context(), []store.Membership{{StudyID: study, UserID: user}})
	if err != nil || len(states) != 1 {
		t.Fatalf("ReadStates of %s in %s = %+v, %v", user, study, states, err)
	}
	return states[0]
}

// runReads runs the tests of store.Reads, if the backend is one.
func runReads(t *testing.T, open func(t *testing.T) Backend) {
	for _, c := range reads {
		t.Run(c.name, func(t *testing.T) {
			b := open(t)
			r, ok := b.Store.(store.Reads)
			if !ok {
				t.Log("Backend.Store is no store.Reads: hubs do not keep what users have read")
				return
			}
			if d := newIDs(b.NewID); d != nil {
				r = &translatedReads{&translated{b.Store, d}, r}
			}
			c.run(t, r)
		})
	}
}

// translatedReads is a store whose ids are translated.
type translatedReads struct {
	*translated
	reads store.Reads
}

func (t *translatedReads) MarkRead(ctx context.Context, marks []store.ReadMark) error {
	in := make([]store.ReadMark, len(marks))
	for i, m := range marks {
		in[i] = store.ReadMark{StudyID: t.study(m.StudyID), UserID: t.user(m.UserID), Seq: m.Seq}
	}
	return t.reads.MarkRead(ctx, in)
}

func (t *translatedReads) ReadStates(ctx context.Context, of []store.Membership) ([]store.ReadState, error) {
	in := make([]store.Membership, len(of))
	for i, m := range of {
		in[i] = store.Membership{StudyID: t.study(m.StudyID), UserID: t.user(m.UserID)}
	}
	return t.reads.ReadStates(ctx, in)
}

func (t *translatedReads) ReadMarks(ctx context.Context, study store.StudyID) ([]store.ReadMark, error) {
	marks, err := t.reads.ReadMarks(ctx, t.study(study))
	for i := range marks {
		marks[i].StudyID, marks[i].UserID = study, store.UserID(t.ids.in(string(marks[i].UserID)))
	}
	return marks, err
}
