package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/coupchat/coup/store"
)

// An eraseTest is one behaviour of a store that can erase, on an empty one.
type eraseTest struct {
	name string
	run  func(t *testing.T, s store.Eraser)
}

var erasures = []eraseTest{
	{"ARangeIsBlank", func(t *testing.T, s store.Eraser) {
		post(t, s, said("a", "one"), full("two"), said("a", "three"), reacted(2, "u2", "👍", true), edited(3, "3"), said("a", "six"))
		erased := erase(t, s, store.Erasure{StudyID: "a", From: 2, To: 5})
		if got := fmt.Sprint(erased); got != "[7: 2-3]" {
			t.Errorf("erased %s, want [7: 2-3]", got)
		}
		for seq, want := range map[int64]string{1: "one", 2: "", 3: "", 6: "six"} {
			m := message(t, s, seq)
			if m.Content != want || want == "" && (m.DeletedAt.IsZero() || m.UserName != "" || m.Meta != "" || m.Attachments != nil || m.Mentions != nil || m.ReplyTo != 0 || m.Reactions != nil) {
				t.Errorf("the message at %d is %+v, want %q", seq, m, want)
			}
		}
		log := entries(t, s)
		if n := len(log); n != 7 || log[6].Kind != store.KindErase || log[6].From != 2 || log[6].To != 3 || log[6].Seq != 7 || log[6].SentAt.IsZero() {
			t.Errorf("the log ends with %+v", log[n-1])
		}
		if e := log[4]; e.Kind != store.KindEdit || e.Content != "" || e.DeletedAt.IsZero() {
			t.Errorf("the edit of an erased message reads %+v", e)
		}
		if again := erase(t, s, store.Erasure{StudyID: "a", From: 2, To: 5}); again != nil {
			t.Errorf("erased again: %v", again)
		}
		out, err := s.Append(t.Context(), []store.Entry{edited(2, "back"), said("a", "next")})
		if err != nil || !errors.Is(out[0].Err, store.ErrNotFound) || out[1].Seq != 8 {
			t.Errorf("after an erasure: %+v, %v", out, err)
		}
	}},
	{"AUserIsErasedEverywhere", func(t *testing.T, s store.Eraser) {
		of := func(study store.StudyID, user store.UserID) store.Entry {
			m := said(study, "text of "+string(user))
			m.UserID = user
			return m
		}
		mustAppend(t, s, of("a", "u2"), of("a", "u2"), of("a", "u1"), of("a", "u2"), of("b", "u1"), of("c", "u2"))
		post(t, s, reacted(3, "u2", "👍", true))
		r, keeps := s.(store.Reads)
		if keeps {
			markRead(t, r, store.ReadMark{StudyID: "b", UserID: "u2", Seq: 1})
		}
		if got := fmt.Sprint(erase(t, s, store.Erasure{UserID: "u2"})); got != "[6: 1-2 7: 4-4 2: 1-1]" {
			t.Errorf("erased %s, want 1-2 and 4-4 of a, 1-1 of c", got)
		}
		for _, study := range []store.StudyID{"a", "b", "c"} {
			for _, m := range all(t, s, study) {
				if gone := m.UserID == "u2"; gone != (m.Content == "") || gone != (m.UserName == "") {
					t.Errorf("%s has %+v", study, m)
				}
			}
		}
		for _, e := range entries(t, s) {
			if e.UserID == "u2" && e.UserName != "" {
				t.Errorf("the log has the name in %+v", e)
			}
		}
		if keeps {
			if got := state(t, r, "b", "u2"); got.Marked {
				t.Errorf("what the user has read is still there: %+v", got)
			}
		}
	}},
	{"ManyAreErasedInParts", func(t *testing.T, s store.Eraser) {
		for range 5 {
			mustAppend(t, s, saidMany("a", 500)...)
		}
		parts, n := 0, int64(0)
		for ; ; parts++ {
			erased, err := s.Erase(t.Context(), store.Erasure{StudyID: "a"})
			if err != nil || len(erased) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			for _, e := range erased {
				n += e.To - e.From + 1
			}
		}
		if n != 2500 || parts != 3 {
			t.Errorf("erased %d in %d parts, want 2,500 in 3", n, parts)
		}
	}},
	{"AnErasureIsChecked", func(t *testing.T, s store.Eraser) {
		for _, e := range []store.Erasure{{}, {From: 1}, {UserID: "u1", To: 2}, {StudyID: "a", From: 3, To: 2}, {StudyID: "a", From: -1}, {StudyID: "a b"}, {UserID: ".."}} {
			if _, err := s.Erase(t.Context(), e); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("Erase(%+v) = %v, want an error that wraps ErrInvalid", e, err)
			}
		}
		for _, e := range []store.Erasure{{StudyID: "nothing"}, {UserID: "nobody"}} {
			if got := erase(t, s, e); got != nil {
				t.Errorf("Erase(%+v) = %v", e, got)
			}
		}
	}},
	{"EntriesOfAUserComeInPages", func(t *testing.T, s store.Eraser) {
		for _, study := range []store.StudyID{"b", "a", "c"} {
			for _, user := range []store.UserID{"u1", "u2", "u1"} {
				m := said(study, "text")
				m.UserID = user
				mustAppend(t, s, m)
			}
		}
		post(t, s, reacted(2, "u1", "👍", true))
		var got []string
		q := store.UserQuery{UserID: "u1", Limit: 2}
		for {
			page, err := s.EntriesOf(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			if len(page) > 2 {
				t.Fatalf("a page of %d, want at most 2", len(page))
			}
			for _, e := range page {
				got = append(got, fmt.Sprintf("%s%d", e.StudyID, e.Seq))
				q.AfterStudy, q.After = e.StudyID, e.Seq
			}
		}
		if fmt.Sprint(got) != "[a1 a3 a4 b1 b3 c1 c3]" {
			t.Errorf("the entries of u1 are %v", got)
		}
	}},
}

// An erasedRange is an entry of KindErase, in short.
type erasedRange struct{ seq, from, to int64 }

func (e erasedRange) String() string { return fmt.Sprintf("%d: %d-%d", e.seq, e.from, e.to) }

// erase erases all that matches.
func erase(t *testing.T, s store.Eraser, e store.Erasure) (all []erasedRange) {
	t.Helper()
	for {
		erased, err := s.Erase(t.Context(), e)
		if err != nil {
			t.Fatalf("Erase(%+v): %v", e, err)
		}
		if len(erased) == 0 {
			return all
		}
		for _, e := range erased {
			if e.Kind != store.KindErase {
				t.Errorf("Erase returned a %s", e.Kind)
			}
			all = append(all, erasedRange{e.Seq, e.From, e.To})
		}
	}
}

// runErasures runs the tests of store.Eraser, if the backend is one. They are with the ids of the
// tests: an erasure says which users exist.
func runErasures(t *testing.T, open func(t *testing.T) Backend) {
	for _, c := range erasures {
		t.Run(c.name, func(t *testing.T) {
			b := open(t)
			s, ok := b.Store.(store.Eraser)
			if !ok || b.NewID != nil {
				t.Log("Backend.Store is no store.Eraser, or Backend.NewID is set")
				return
			}
			c.run(t, s)
		})
	}
}
