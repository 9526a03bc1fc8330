package storetest

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// soon is how long a call may go on after its context is done.
const soon = 3 * time.Second

// contexts are tests of callers that give up.
var contexts = []test{
	{"returns soon if the caller gave up before the call", func(t *testing.T, s store.Store) {
		for _, d := range doneContexts(t) {
			for _, m := range methods {
				inTime(t, m.name, d.why, func() { _ = m.call(d.ctx, s) })
			}
		}
	}},
	{"returns soon after the caller has given up", func(t *testing.T, s store.Store) {
		for _, m := range methods {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			inTime(t, m.name, "is done", func() { _ = m.call(ctx, s) })
			cancel()
		}
	}},
	{"calls no outage an invalid input", func(t *testing.T, s store.Store) {
		for _, d := range doneContexts(t) {
			for _, m := range methods {
				if err := m.call(d.ctx, s); errors.Is(err, store.ErrInvalid) {
					t.Fatalf("%s returns ErrInvalid although only its context %s: a hub would drop the message for ever", m.name, d.why)
				}
			}
		}
	}},
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
	{"stores all or nothing when the caller gives up midway", func(t *testing.T, s store.Store) {
		batches := 0
		try := func(ctx context.Context) {
			inTime(t, "Append", "is done", func() {
				_, err := s.Append(ctx, append(saidMany("a", 100), saidMany("b", 100)...))
				switch {
				case err == nil:
					batches++
				case errors.Is(err, store.ErrInvalid):
					t.Error("Append returns ErrInvalid although only its context is done: a hub would drop the messages for ever")
				}
			})
		}
		for timeout := 100 * time.Microsecond; timeout < 20*time.Millisecond; timeout = timeout * 3 / 2 {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			try(ctx)
			cancel()
		}
		for looks := int64(1); looks < 300; looks = looks*3/2 + 1 {
			ctx := newFading(t.Context(), looks)
			try(ctx)
			ctx.cancel()
		}
		// A batch may be stored although its caller has given up, and later than that.
		var heads map[store.StudyID]int64
		if !within(5*time.Second, func() bool {
			before := heads
			var err error
			if heads, err = s.Heads(t.Context(), []store.StudyID{"a", "b"}); err != nil {
				t.Fatal(err)
			}
			return maps.Equal(before, heads) && heads["a"]%100 == 0 && heads["a"] == heads["b"]
		}) {
			t.Fatalf("Append stored a part of a batch when its context ended: each batch had 100 messages for a and 100 for b, and the heads are %v", heads)
		}
		if heads["a"] < int64(batches)*100 {
			t.Errorf("heads are %v after %d batches of 100 each", heads, batches)
		}
		checkHead(t, s, "a", heads["a"])
		checkHead(t, s, "b", heads["b"])
	}},
}

// methods are calls of each method of a store.
var methods = []struct {
	name string
	call func(ctx context.Context, s store.Store) error
}{
	{"Append", func(ctx context.Context, s store.Store) error {
		_, err := s.Append(ctx, saidMany("a", 10))
		return err
	}},
	{"History", func(ctx context.Context, s store.Store) error {
		_, err := s.History(ctx, store.Query{StudyID: "a", Limit: 1})
		return err
	}},
	{"Heads", func(ctx context.Context, s store.Store) error {
		_, err := s.Heads(ctx, []store.StudyID{"a"})
		return err
	}},
	{"SetStatus", func(ctx context.Context, s store.Store) error {
		return s.SetStatus(ctx, []store.Status{{UserID: "u1", Online: true, NodeID: "n1"}})
	}},
	{"Presence", func(ctx context.Context, s store.Store) error {
		_, err := s.Presence(ctx, []store.UserID{"u1"})
		return err
	}},
	{"RenewNode", func(ctx context.Context, s store.Store) error {
		return s.RenewNode(ctx, "n1", store.LeaseTTL)
	}},
}

// A doneContext is done before the call, and why says how.
type doneContext struct {
	why string
	ctx context.Context
}

// doneContexts are the two ways to give up. Their errors differ, so a backend may take one
// of them for something else.
func doneContexts(t *testing.T) []doneContext {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	t.Cleanup(cancelLate)
	return []doneContext{{"was cancelled before the call", cancelled}, {"had passed its deadline before the call", late}}
}

// inTime checks that call returns soon. It waits for the end of call in any case. why says
// what has happened to the context of call.
func inTime(t *testing.T, method, why string, call func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
	case <-time.After(soon):
		t.Errorf("%s goes on for %s although its context %s", method, soon, why)
		<-done
	}
}

// A fading is a context that is done once it was looked at a number of times. So it ends in the
// middle of a call, however fast that is.
type fading struct {
	context.Context
	cancel context.CancelFunc
	looks  atomic.Int64
}

func newFading(parent context.Context, looks int64) *fading {
	f := &fading{}
	f.Context, f.cancel = context.WithCancel(parent)
	f.looks.Store(looks)
	return f
}

func (f *fading) look() {
	if f.looks.Add(-1) < 0 {
		f.cancel()
	}
}

func (f *fading) Done() <-chan struct{} { f.look(); return f.Context.Done() }
func (f *fading) Err() error            { f.look(); return f.Context.Err() }
