package commit

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/store"
)

func TestPostsToAStoreThatDoesNotAnswerAreAnsweredInTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		l := newLanes(t, Options[string]{Store: failing(&broken)})
		start := time.Now()
		if _, err := add(l, text("one")); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("answered with %v, want ErrUnavailable", err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("answered after %v, want at most 5s", took)
		}
		// One post is tried. The others are refused at once.
		tried := make(chan error, 1)
		p := text("two")
		p.Done = func(_ store.Message, err error) { tried <- err }
		if err := l.Add(p); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		if err := l.Add(text("three")); !errors.Is(err, store.ErrUnavailable) || time.Since(start) > 0 {
			t.Errorf("Add = %v after %v, want ErrUnavailable at once", err, time.Since(start))
		}
		broken.Store(false)
		if err := <-tried; err != nil {
			t.Errorf("the post that was tried: %v", err)
		}
		if m, err := add(l, text("four")); err != nil || m.Seq != 2 {
			t.Errorf("after that: seq %d, %v", m.Seq, err)
		}
	})
}

func TestPostsThatQueueBehindAStoreThatHangsAreAnsweredInTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		l := newLanes(t, Options[string]{Store: hanging, MaxQueue: -1})
		var wg sync.WaitGroup
		for range 3 * store.MaxBatch {
			begin := time.Now()
			wg.Add(1)
			p := text("text")
			p.Done = func(_ store.Message, err error) {
				defer wg.Done()
				if took := time.Since(begin); !errors.Is(err, store.ErrUnavailable) || took > 5*time.Second {
					t.Errorf("answered with %v after %v, want ErrUnavailable within 5s", err, took)
				}
			}
			if err := l.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
	})
}

// A sender that learns that its message was not stored may post again at once. The
// lane must not refuse it because its run has not ended yet.
func TestAPostThatFailedMayBeTriedAgainAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		l := newLanes(t, Options[string]{Budget: 300 * time.Millisecond, Store: failing(&broken)})
		last := make(chan error, 1)
		var try func(n int)
		try = func(n int) {
			p := text("again")
			p.Done = func(_ store.Message, err error) {
				if n == 3 {
					last <- err
					return
				}
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("post %d to a broken store: %v", n, err)
				}
				broken.Store(n < 2)
				try(n + 1)
			}
			if err := l.Add(p); err != nil {
				last <- err
			}
		}
		try(1)
		if err := <-last; err != nil {
			t.Errorf("the last post: %v", err)
		}
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		l := newLanes(t, Options[string]{Store: hanging, MaxQueue: 10})
		var answered atomic.Int64
		for i := range 12 {
			p := text("text")
			p.Done = func(store.Message, error) { answered.Add(1) }
			err := l.Add(p)
			if full := i > 10; full != errors.Is(err, store.ErrUnavailable) || !full && err != nil {
				t.Errorf("post %d: %v", i, err)
			}
			synctest.Wait() // the first is under way
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := answered.Load(); n != 11 {
			t.Errorf("%d of 11 were answered", n)
		}
	})
}

func TestAfterTheEndPostsAreRefused(t *testing.T) {
	l := newLanes(t, Options[string]{Store: store.NewMemory()})
	l.opts.Work.End()
	if err := l.Add(text("late")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Add = %v, want ErrUnavailable", err)
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		l := newLanes(t, Options[string]{Store: hanging})
		if err := l.Add(text("text")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := l.opts.Work.Within(t.Context(), time.Second)
		defer cancel()
		if err := l.Flush(ctx); !errors.Is(err, ctx.Err()) || err == nil {
			t.Errorf("Flush = %v, want the error of its context", err)
		}
		if err := l.Flush(t.Context()); err != nil {
			t.Errorf("Flush = %v", err)
		}
	})
}

func TestABatchFitsIntoOneRequest(t *testing.T) {
	posts := func(n int, m store.Message) []Post[string] {
		return slices.Repeat([]Post[string]{{Message: &m}}, n)
	}
	long := strings.Repeat("가", store.MaxContent)
	for _, tt := range []struct {
		name  string
		queue []Post[string]
		want  int
	}{
		{"no post", nil, 0},
		{"one post", posts(1, store.Message{}), 1},
		{"many short posts", posts(2*store.MaxBatch, store.Message{}), store.MaxBatch},
		{"long posts", posts(store.MaxBatch, store.Message{Content: long}), 1 + maxBatchBytes/len(long)},
		{"long meta", posts(store.MaxBatch, store.Message{Meta: long}), 1 + maxBatchBytes/len(long)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := batchSize(tt.queue); n != tt.want {
				t.Errorf("a batch has %d posts, want %d", n, tt.want)
			}
		})
	}
}
