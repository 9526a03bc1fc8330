package batch_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/internal/batch"
	"github.com/coupchat/coup/internal/work"
)

func TestCallIsCancelledWhenAllItsGetsGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &squares{takes: time.Hour}
		c := batch.New(batch.Options[int, int]{Call: s.call})
		var wg sync.WaitGroup
		for i, patience := range []time.Duration{time.Second, 2 * time.Second} {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if _, _, err := c.Get(ctx, i); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Get = %v, want the deadline of its context", err)
				}
			})
		}
		start := time.Now()
		wg.Wait()
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("the Gets waited for %v, want 2s", d)
		}
		synctest.Wait() // the test ends only if the call does
	})
}

func TestGetIsAnsweredAfterAnotherOneLeftTheNextBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := batch.New(batch.Options[int, int]{Call: (&squares{takes: time.Second}).call})
		var wg sync.WaitGroup
		get := func(after, patience time.Duration, want error) {
			wg.Go(func() {
				time.Sleep(after)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if _, _, err := c.Get(ctx, 1); !errors.Is(err, want) {
					t.Errorf("Get after %v = %v, want %v", after, err, want)
				}
			})
		}
		get(0, time.Minute, nil)
		get(100*time.Millisecond, 100*time.Millisecond, context.DeadlineExceeded) // alone in the next batch
		get(300*time.Millisecond, time.Minute, nil)
		wg.Wait()
	})
}

func TestCallThatHangsDelaysOnlyTheGetsThatShareIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		var calls atomic.Int64
		c := batch.New(batch.Options[int, int]{Call: func(_ context.Context, keys []int) (map[int]int, error) {
			if calls.Add(1) == 1 {
				<-hang // whatever its context says
			}
			return map[int]int{keys[0]: 7}, nil
		}})
		for i, want := range []error{context.DeadlineExceeded, nil} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, _, err := c.Get(ctx, 1); !errors.Is(err, want) {
				t.Errorf("Get %d = %v, want %v", i, err, want)
			}
			cancel()
		}
		close(hang)
	})
}

func TestCallThatFailsFailsItsBatchOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		c := batch.New(batch.Options[int, int]{Call: func(_ context.Context, keys []int) (map[int]int, error) {
			time.Sleep(time.Second)
			if calls.Add(1) == 1 {
				return nil, errDown
			}
			return map[int]int{keys[0]: 7}, nil
		}})
		var wg sync.WaitGroup
		for _, want := range []error{errDown, nil} {
			wg.Go(func() {
				if _, found, err := c.Get(t.Context(), 1); err != want || found != (want == nil) {
					t.Errorf("Get = %t, %v, want %v", found, err, want)
				}
			})
			synctest.Wait() // the call of the first is under way
		}
		wg.Wait()
	})
}

func TestBatchKeepsWhatItsCallsAnsweredBeforeOneFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, answered, failed atomic.Int64
		c := batch.New(batch.Options[int, int]{Max: 10, Call: func(_ context.Context, keys []int) (map[int]int, error) {
			time.Sleep(time.Second)
			if calls.Add(1) == 3 { // the first is for one key, the second for ten
				return nil, errDown
			}
			values := map[int]int{}
			for _, k := range keys {
				values[k] = k
			}
			return values, nil
		}})
		var wg sync.WaitGroup
		wg.Go(func() { _, _, _ = c.Get(t.Context(), 0) })
		synctest.Wait() // the call of the first is under way
		for i := range 30 {
			wg.Go(func() {
				switch _, found, err := c.Get(t.Context(), i); {
				case found && err == nil:
					answered.Add(1)
				case !found && err == errDown:
					failed.Add(1)
				default:
					t.Errorf("Get(%d) = %t, %v", i, found, err)
				}
			})
		}
		wg.Wait()
		if a, f, n := answered.Load(), failed.Load(), calls.Load(); a != 10 || f != 20 || n != 3 {
			t.Errorf("%d answered and %d failed by %d calls, want 10, 20 and 3", a, f, n)
		}
	})
}

func TestGetReturnsErrEndedWhenTheOwnerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := work.NewGroup(time.Minute)
		var calls atomic.Int64
		c := batch.New(batch.Options[int, int]{Context: owner.Context(), Go: owner.Go, Call: func(ctx context.Context, _ []int) (map[int]int, error) {
			calls.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		var wg sync.WaitGroup
		get := func() {
			if _, found, err := c.Get(t.Context(), 1); found || err != batch.ErrEnded {
				t.Errorf("Get = %t, %v, want ErrEnded", found, err)
			}
		}
		for range 2 { // one whose call is under way, one in the next batch
			wg.Go(get)
			synctest.Wait()
		}
		owner.End()
		owner.Wait()
		wg.Wait()
		get()
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls, want none after the end", n)
		}
	})
}

func TestGetReturnsErrEndedWhenNoGoroutineStarts(t *testing.T) {
	for _, starts := range []int{0, 1} { // none, or run alone without the call
		synctest.Test(t, func(t *testing.T) {
			left := starts
			c := batch.New(batch.Options[int, int]{
				Call: func(context.Context, []int) (map[int]int, error) { panic("called after the end") },
				Go: func(fn func()) bool {
					if left--; left < 0 {
						return false
					}
					go fn()
					return true
				},
			})
			for range 2 {
				if _, found, err := c.Get(t.Context(), 1); found || err != batch.ErrEnded {
					t.Errorf("Get with %d goroutines = %t, %v, want ErrEnded", starts, found, err)
				}
			}
		})
	}
}
