package room

import (
	"sync/atomic"
	"time"
)

// bounds are the upper bounds of histograms.
var bounds = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second,
}

// A Histogram says how long something took.
type Histogram struct {
	// Count is how often it happened, and Sum how long it took in all, in seconds.
	Count uint64
	Sum   float64
	// Buckets says how often it took at most so many seconds.
	Buckets map[float64]uint64
}

// durations is a Histogram while it counts. Its methods may be called at the same time from
// any goroutine.
type durations struct {
	counts [len(bounds) + 1]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

func (d *durations) add(took time.Duration) {
	i := 0
	for i < len(bounds) && took > bounds[i] {
		i++
	}
	d.counts[i].Add(1)
	d.sum.Add(int64(took))
}

// histogram returns what was counted so far.
func (d *durations) histogram() Histogram {
	h := Histogram{Sum: time.Duration(d.sum.Load()).Seconds(), Buckets: make(map[float64]uint64, len(bounds))}
	for i := range d.counts {
		h.Count += d.counts[i].Load()
		if i < len(bounds) {
			h.Buckets[bounds[i].Seconds()] = h.Count
		}
	}
	return h
}
