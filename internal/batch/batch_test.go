package batch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/internal/batch"
)

// squares answers a call after a while, and notes its size. Keys below 0 have no
// value.
type squares struct {
	takes time.Duration

	mu    sync.Mutex // guards sizes
	sizes []int
}

func (s *squares) call(ctx context.Context, keys []int) (map[int]int, error) {
	s.mu.Lock()
	s.sizes = append(s.sizes, len(keys))
	s.mu.Unlock()
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	values := map[int]int{}
	for _, k := range keys {
		if k >= 0 {
			values[k] = k * k
		}
	}
	return values, nil
}

func TestGetsAtTheSameTimeShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &squares{takes: time.Millisecond}
		c := batch.New(batch.Options[int, int]{Call: s.call})
		const gets = 5000
		var wg sync.WaitGroup
		for i := range gets {
			wg.Go(func() {
				key := i - 10
				got, found, err := c.Get(t.Context(), key)
				if err != nil || found != (key >= 0) || found && got != key*key {
					t.Errorf("Get(%d) = %d, %t, %v", key, got, found, err)
				}
			})
		}
		wg.Wait()
		if len(s.sizes) > 2 {
			t.Errorf("%d calls for %d Gets: %v", len(s.sizes), gets, s.sizes)
		}
	})
}

func TestCallHasNoKeyTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &squares{takes: time.Second}
		c := batch.New(batch.Options[int, int]{Call: s.call})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if got, found, err := c.Get(t.Context(), 3); got != 9 || !found || err != nil {
					t.Errorf("Get(3) = %d, %t, %v", got, found, err)
				}
			})
		}
		wg.Wait()
		for _, n := range s.sizes {
			if n != 1 {
				t.Errorf("a call got %d keys, want 1", n)
			}
		}
	})
}

func TestSingleGetIsAnsweredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := batch.New(batch.Options[int, int]{Call: (&squares{takes: time.Millisecond}).call})
		for range 10 {
			start := time.Now()
			if _, _, err := c.Get(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d != time.Millisecond {
				t.Errorf("Get took %v, the call 1ms", d)
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// One Get each millisecond is slow enough for a call each, unless calls pause.
func TestSteadyGetsAreGroupedAndAnsweredSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &squares{takes: time.Millisecond}
		c := batch.New(batch.Options[int, int]{Call: s.call})
		var wg sync.WaitGroup
		for i := range 3000 {
			wg.Go(func() {
				start := time.Now()
				_, _, _ = c.Get(t.Context(), i)
				if d := time.Since(start); d > 110*time.Millisecond {
					t.Errorf("Get took %v", d)
				}
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		if n := len(s.sizes); n > 100 {
			t.Errorf("%d calls in 3 s", n)
		}
	})
}

func TestGetIsAnsweredByACallThatBeganAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		c := batch.New(batch.Options[string, int64]{Call: func(context.Context, []string) (map[string]int64, error) {
			n := calls.Add(1)
			time.Sleep(time.Second)
			return map[string]int64{"head": n}, nil
		}})
		var wg sync.WaitGroup
		for want := int64(1); want <= 2; want++ {
			wg.Go(func() {
				if got, found, err := c.Get(t.Context(), "head"); got != want || !found || err != nil {
					t.Errorf("Get %d was answered by call %d (%t, %v)", want, got, found, err)
				}
			})
			synctest.Wait() // the first call is under way
		}
		wg.Wait()
	})
}

func TestMaxSplitsABatchIntoSeveralCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &squares{takes: time.Millisecond}
		c := batch.New(batch.Options[int, int]{Max: 10, Call: s.call})
		getAll(t, c, 0, 1) // the others come during this one's call
		getAll(t, c, 1, 26)
		if got := fmt.Sprint(s.sizes); got != "[1 10 10 5]" {
			t.Errorf("the calls got %s keys, want [1 10 10 5]", got)
		}
	})
}

// getAll gets the keys from, from+1 and so on, below to, at the same time.
func getAll(t *testing.T, c *batch.Collector[int, int], from, to int) {
	t.Helper()
	var wg sync.WaitGroup
	for key := from; key < to; key++ {
		wg.Go(func() {
			if got, found, err := c.Get(t.Context(), key); got != key*key || !found || err != nil {
				t.Errorf("Get(%d) = %d, %t, %v", key, got, found, err)
			}
		})
	}
	wg.Wait()
}

func TestPauseGrowsWithTheBatchUpTo100Milliseconds(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 2 * time.Millisecond, 10: 20 * time.Millisecond, 50: 100 * time.Millisecond, 5000: 100 * time.Millisecond} {
		if got := batch.Pause(n); got != want {
			t.Errorf("Pause(%d) = %s, want %s", n, got, want)
		}
	}
}

var errDown = errors.New("down")
