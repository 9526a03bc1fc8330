package hub

import (
	"testing"
	"time"
)

// A process that was stopped has heard nobody meanwhile: to its wheel no more than a
// second has passed, and deadlines are where they were.
func TestTheTimeInWhichTheProcessWasStoppedDoesNotCount(t *testing.T) {
	var w wheel
	w.start()
	at := func(d time.Duration) time.Time { return w.epoch.Add(d) }
	for _, step := range []struct {
		real time.Duration
		want int32
	}{
		{time.Second, 1},
		{2 * time.Second, 2},
		{7 * time.Second, 7}, // late, as on a busy machine
		{67 * time.Second, 8},
		{68 * time.Second, 9},
		{time.Hour, 10},
		{time.Hour + time.Second, 11},
	} {
		w.advance(at(step.real))
		if got := w.now(); got != step.want {
			t.Errorf("after %v it is %d, want %d", step.real, got, step.want)
		}
		if got, want := w.at(at(step.real+10*time.Second)), step.want+10; got != want {
			t.Errorf("after %v, what is due in 10 s is noted for %d, want %d", step.real, got, want)
		}
	}
}
