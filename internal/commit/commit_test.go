package commit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/store"
)

func TestARetryNeverStoresTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		var calls atomic.Int64
		l := newLanes(t, Options[string]{Store: appendFunc(func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			stored, err := s.Append(ctx, msgs)
			if calls.Add(1) <= 2 {
				return nil, errBroken // the messages are stored, but the answer is lost
			}
			return stored, err
		})})
		if m, err := add(l, text("one")); err != nil || m.Seq != 1 {
			t.Errorf("answered with %+v, %v, want seq 1", m, err)
		}
		heads, _ := s.Heads(t.Context(), []store.StudyID{"s1"})
		if heads["s1"] != 1 || l.Retries() != 2 {
			t.Errorf("%d stored after %d retries, want 1 after 2", heads["s1"], l.Retries())
		}
	})
}

func TestAMessageThatTheStoreRefusesDoesNotFailItsBatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		refuses := appendFunc(func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			time.Sleep(time.Millisecond) // so that the next batch collects
			if slices.ContainsFunc(msgs, func(m store.Message) bool { return m.Content == "bad" }) {
				return nil, fmt.Errorf("%w: table messages refuses it", store.ErrInvalid)
			}
			return s.Append(ctx, msgs)
		})
		l := newLanes(t, Options[string]{Store: refuses})
		var failed atomic.Int64
		for _, content := range []string{"one", "bad", "two", "bad", "three"} {
			p := text(content)
			p.Done = func(_ store.Message, err error) {
				if (err == store.ErrInvalid) != (content == "bad") {
					t.Errorf("%q was answered with %v", content, err)
				}
				if err != nil {
					failed.Add(1)
				}
			}
			if err := l.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Flush(t.Context()); err != nil || failed.Load() != 2 {
			t.Errorf("Flush = %v, %d posts failed, want 2", err, failed.Load())
		}
		if heads, _ := s.Heads(t.Context(), []store.StudyID{"s1"}); heads["s1"] != 3 {
			t.Errorf("%d messages are stored, want 3", heads["s1"])
		}
	})
}

func TestAStoreThatAnswersWithTooFewMessagesIsNotBelieved(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		l := newLanes(t, Options[string]{Store: appendFunc(func(context.Context, []store.Message) ([]store.Message, error) { return nil, nil })})
		if _, err := add(l, text("one")); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("answered with %v, want ErrUnavailable", err)
		}
	})
}

func TestAllAnswersComeBeforeStored(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var order []string
		l := newLanes(t, Options[string]{
			Store: store.NewMemory(),
			Stored: func(posts []Post[string], stored []store.Message) {
				for i, m := range stored {
					order = append(order, fmt.Sprint(posts[i].From, m.Seq, m.ClientID))
				}
			},
		})
		for _, from := range []string{"a", "b"} {
			p := text("text")
			p.Message.ClientID, p.From = store.NewClientID(), from
			p.Done = func(store.Message, error) { order = append(order, "ack") }
			if err := l.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		// Either one batch of two, or two of one. Generated client ids are removed.
		want, one := []string{"ack", "ack", "a1", "b2"}, []string{"ack", "a1", "ack", "b2"}
		if !slices.Equal(order, want) && !slices.Equal(order, one) {
			t.Errorf("order was %q, want %q", order, want)
		}
	})
}
