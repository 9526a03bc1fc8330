package commit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/store"
)

// locked is a memory store that hangs while a batch has a message of study "locked" and on is
// set, as a database does whose row is locked.
func locked(on *atomic.Bool) (Appender, *store.Memory) {
	s := store.NewMemory()
	return appendFunc(func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		if on.Load() && slices.ContainsFunc(msgs, func(m store.Message) bool { return m.StudyID == "locked" }) {
			return hanging(ctx, msgs)
		}
		time.Sleep(2 * time.Millisecond)
		return s.Append(ctx, msgs)
	}), s
}

// in returns a post to a study.
func in(study store.StudyID, content string) Post[string] {
	p := text(content)
	p.Message.StudyID = study
	return p
}

func TestAStudyThatFailsDoesNotDelayTheOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var on atomic.Bool
		on.Store(true)
		backend, s := locked(&on)
		l := newLanes(t, Options[string]{Store: backend})
		var wg sync.WaitGroup
		for n := range 60 { // for a minute
			for i := range 40 {
				study := store.StudyID(fmt.Sprint("s", i))
				if i == 0 {
					study = "locked"
				}
				p, begin := in(study, "text"), time.Now()
				wg.Add(1)
				p.Done = func(_ store.Message, err error) {
					defer wg.Done()
					took := time.Since(begin)
					switch {
					case study == "locked" && (!errors.Is(err, store.ErrUnavailable) || took > 5*time.Second):
						t.Errorf("second %d: the locked study was answered with %v after %v", n, err, took)
					// A quarter of the budget, and then one after the other in the second slot.
					case study != "locked" && (err != nil || took > 1300*time.Millisecond):
						t.Errorf("second %d: %s was answered with %v after %v", n, study, err, took)
					case study != "locked" && n > 2 && took > 100*time.Millisecond:
						t.Errorf("second %d: %s waited %v for the locked study", n, study, took)
					}
				}
				if err := l.Add(p); err != nil {
					if study != "locked" {
						t.Errorf("second %d: %s: %v", n, study, err)
					}
					wg.Done()
				}
			}
			time.Sleep(time.Second)
		}
		wg.Wait()
		on.Store(false)
		if _, err := add(l, in("locked", "works again")); err != nil {
			t.Errorf("after the lock: %v", err)
		}
		synctest.Wait()
		if n := len(l.own); n != 0 {
			t.Errorf("%d studies still have lanes of their own", n)
		}
		heads, _ := s.Heads(t.Context(), []store.StudyID{"s1", "locked"})
		if heads["s1"] != 60 || heads["locked"] != 1 {
			t.Errorf("heads = %v", heads)
		}
	})
}

// The posts of a study keep their order when it gets a lane of its own, and when it loses it.
func TestAStudyKeepsItsOrderAcrossLanes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var on atomic.Bool
		backend, s := locked(&on)
		l := newLanes(t, Options[string]{Store: backend})
		for n := range 300 {
			on.Store(n%100 > 20 && n%100 < 60) // less than a budget
			for _, study := range []store.StudyID{"locked", "free"} {
				p := in(study, fmt.Sprint(n))
				p.Done = func(_ store.Message, err error) {
					if err != nil {
						t.Errorf("%s %d: %v", study, n, err)
					}
				}
				if err := l.Add(p); err != nil {
					t.Errorf("%s %d: %v", study, n, err)
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, study := range []store.StudyID{"locked", "free"} {
			msgs, _ := s.History(t.Context(), store.Query{StudyID: study, Limit: 1000})
			for i, m := range msgs {
				if m.Content != fmt.Sprint(i) {
					t.Fatalf("%s: message %d is %q", study, i, m.Content)
				}
			}
			if len(msgs) != 300 {
				t.Errorf("%s: %d messages, want 300", study, len(msgs))
			}
		}
	})
}
