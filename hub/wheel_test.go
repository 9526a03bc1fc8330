package hub

import (
	"testing"
	"time"
)

// A process that was suspended has read nothing meanwhile. For its wheel only a second
// has passed, and deadlines are as far away as before.
func TestTheTimeInWhichTheProcessWasSuspendedDoesNotCount(t *testing.T) {
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
			t.Errorf("after %v the time is %d, want %d", step.real, got, step.want)
		}
		if got, want := w.at(at(step.real+10*time.Second)), step.want+10; got != want {
			t.Errorf("after %v, a deadline in 10 s is at %d, want %d", step.real, got, want)
		}
	}
}

func TestSoonerDoesNotDelay(t *testing.T) {
	var w wheel
	w.start()
	s := &session{}
	for _, step := range []struct {
		set  func(*session, int32)
		in   int32
		want int32
	}{
		{w.put, 10, 10},
		{w.sooner, 20, 10},
		{w.sooner, 5, 5},
		{w.put, 20, 20},
		{w.put, 1000, slots - 1}, // as far ahead as the wheel looks
		{w.put, 0, 1},
	} {
		if step.set(s, step.in); s.due != step.want {
			t.Errorf("in %d s: due at %d, want %d", step.in, s.due, step.want)
		}
	}
}
