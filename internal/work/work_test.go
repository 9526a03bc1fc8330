package work_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/internal/work"
)

func TestWaitWaitsForWhatGoStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := work.NewGroup(time.Second)
		done := false
		g.Go(func() {
			<-g.Context().Done()
			time.Sleep(time.Minute)
			done = true
		})
		g.End()
		g.Wait()
		if !done {
			t.Error("Wait returned before the goroutine did")
		}
	})
}

func TestGoStartsNothingAfterTheEnd(t *testing.T) {
	g := work.NewGroup(time.Second)
	g.End()
	if g.Go(func() { t.Error("a goroutine started after End") }) {
		t.Error("Go reported true after End")
	}
	g.Wait()
}

func TestSleepIsCutShortByTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := work.NewGroup(time.Second)
		if start := time.Now(); !g.Sleep(time.Minute) || time.Since(start) != time.Minute {
			t.Errorf("Sleep(1m) ended after %s", time.Since(start))
		}
		time.AfterFunc(time.Second, g.End)
		if start := time.Now(); g.Sleep(time.Minute) || time.Since(start) != time.Second {
			t.Errorf("Sleep(1m) of a group that ends after 1s ended after %s", time.Since(start))
		}
		if g.Sleep(0) {
			t.Error("Sleep(0) reported true after the end")
		}
	})
}

func TestDeadlineIsTheTimeoutOfTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := work.NewGroup(time.Second).Deadline(t.Context())
		defer cancel()
		if at, ok := ctx.Deadline(); !ok || time.Until(at) != time.Second {
			t.Errorf("deadline in %s (%t), want in 1s", time.Until(at), ok)
		}
		ctx, cancel = work.NewGroup(-1).Deadline(t.Context())
		if _, ok := ctx.Deadline(); ok {
			t.Error("a group without a timeout gave a deadline")
		}
		cancel()
		if ctx.Err() != context.Canceled {
			t.Errorf("after cancel: %v", ctx.Err())
		}
	})
}

func TestBackoffDoublesUpToTwoSeconds(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: 50 * time.Millisecond, 2: 100 * time.Millisecond, 6: 1600 * time.Millisecond, 7: 2 * time.Second, 1000: 2 * time.Second} {
		if got := work.Backoff(failures); got != want {
			t.Errorf("Backoff(%d) = %s, want %s", failures, got, want)
		}
	}
}

func TestWithinIsTheShorterOfTwoBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct{ timeout, within, want time.Duration }{
			{time.Second, time.Minute, time.Second},
			{time.Minute, time.Second, time.Second},
			{-1, time.Second, time.Second},
		} {
			ctx, cancel := work.NewGroup(tt.timeout).Within(t.Context(), tt.within)
			if at, ok := ctx.Deadline(); !ok || time.Until(at) != tt.want {
				t.Errorf("timeout %s, within %s: deadline in %s, want %s", tt.timeout, tt.within, time.Until(at), tt.want)
			}
			cancel()
		}
	})
}
