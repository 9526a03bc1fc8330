package room

import (
	"testing"
	"time"
)

func TestAHistogramCountsByDuration(t *testing.T) {
	var d durations
	for _, took := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, time.Second, time.Minute} {
		d.add(took)
	}
	h := d.histogram()
	if h.Count != 5 || h.Sum < 61.003 || h.Sum > 61.0031 || len(h.Buckets) != len(bounds) {
		t.Errorf("%+v", h)
	}
	for bound, want := range map[float64]uint64{0.001: 2, 0.0025: 3, 0.5: 3, 1: 4, 5: 4} {
		if h.Buckets[bound] != want {
			t.Errorf("at most %v s: %d, want %d", bound, h.Buckets[bound], want)
		}
	}
}
