package storetest

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// givingUp are tests of callers whose context ends.
var givingUp = []test{
	{"stores all or nothing when the caller gives up", func(t *testing.T, s store.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Append(ctx, saidMany("a", 10)); err == nil {
			t.Error("Append with a cancelled context succeeded")
		}
		if n := len(all(t, s, "a")); n != 0 && n != 10 {
			t.Errorf("%d of 10 messages are stored, want all or none", n)
		}
		checkHead(t, s, "a", int64(len(all(t, s, "a"))))
	}},
	{"returns soon after the caller has given up", func(t *testing.T, s store.Store) {
		const soon = 3 * time.Second
		for _, timeout := range []time.Duration{0, 20 * time.Millisecond} {
			for _, n := range []int{1, 10} {
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				done := make(chan struct{})
				go func() {
					defer close(done)
					_, _ = s.Append(ctx, saidMany("a", n))
				}()
				select {
				case <-done:
				case <-time.After(soon):
					t.Errorf("Append goes on for %s although its context is done", soon)
					<-done
					cancel()
					return
				}
				cancel()
			}
		}
	}},
	{"calls no outage an invalid input", func(t *testing.T, s store.Store) {
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		for _, c := range []struct {
			name string
			ctx  context.Context
		}{{"a cancelled context", cancelled}, {"a deadline that has passed", late}} {
			_, errAppend := s.Append(c.ctx, saidMany("a", 1))
			_, errHistory := s.History(c.ctx, store.Query{StudyID: "a", Limit: 1})
			_, errHeads := s.Heads(c.ctx, []store.StudyID{"a"})
			_, errPresence := s.Presence(c.ctx, []store.UserID{"u1"})
			for _, call := range []struct {
				name string
				err  error
			}{
				{"Append", errAppend}, {"History", errHistory}, {"Heads", errHeads}, {"Presence", errPresence},
				{"SetStatus", s.SetStatus(c.ctx, []store.Status{{UserID: "u1"}})},
				{"RenewNode", s.RenewNode(c.ctx, "n1", store.LeaseTTL)},
			} {
				if errors.Is(call.err, store.ErrInvalid) {
					t.Errorf("%s with %s returns ErrInvalid: a hub would drop the message for ever", call.name, c.name)
					return
				}
			}
		}
	}},
	{"stores all or nothing when the caller gives up midway", func(t *testing.T, s store.Store) {
		batches := 0
		for timeout := 100 * time.Microsecond; timeout < 20*time.Millisecond; timeout = timeout * 3 / 2 {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			msgs := append(saidMany("a", 100), saidMany("b", 100)...)
			if _, err := s.Append(ctx, msgs); err == nil {
				batches++
			}
			cancel()
		}
		for looks := range 12 {
			msgs := append(saidMany("a", 100), saidMany("b", 100)...)
			if _, err := s.Append(endsAfter(t.Context(), looks), msgs); err == nil {
				batches++
			}
		}
		// A batch may be stored although its caller has given up, and later than that.
		var heads map[store.StudyID]int64
		eventually(t, 10*time.Second, "both studies have whole batches, and the same", func() bool {
			before := heads
			var err error
			if heads, err = s.Heads(t.Context(), []store.StudyID{"a", "b"}); err != nil {
				t.Fatal(err)
			}
			return maps.Equal(before, heads) && heads["a"]%100 == 0 && heads["a"] == heads["b"]
		})
		if heads["a"] < int64(batches)*100 {
			t.Errorf("heads are %v after %d batches of 100 each", heads, batches)
		}
		checkHead(t, s, "a", heads["a"])
		checkHead(t, s, "b", heads["b"])
	}},
}

// endsAfter returns a context that ends when its Err has been asked for looks times. So it
// ends between two steps of a store that looks at it before each.
func endsAfter(parent context.Context, looks int) context.Context {
	return &counted{Context: parent, left: looks, done: make(chan struct{})}
}

type counted struct {
	context.Context
	done chan struct{}

	mu   sync.Mutex // guards left
	left int
}

func (c *counted) Done() <-chan struct{} { return c.done }

func (c *counted) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left--
	if c.left == -1 {
		close(c.done)
	}
	if c.left < 0 {
		return context.Canceled
	}
	return nil
}
