package room

import (
	"math"
	"sync"
	"time"
)

// A bucket is a token bucket. Its zero value is full.
type bucket struct {
	mu   sync.Mutex // guards used, at
	used float64
	at   time.Time
}

// take takes one token of a bucket that holds burst and regains rate in a
// second. A rate below 0 is no limit.
func (b *bucket) take(now time.Time, rate, burst float64) error {
	if rate < 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = math.Max(0, b.used-now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.used+1 > burst {
		return &RateError{RetryAfter: time.Duration((b.used + 1 - burst) / rate * float64(time.Second))}
	}
	b.used++
	return nil
}

func (o *Options) postBurst() float64 { return max(1, 2*o.Rate) }

// Joining costs a question to the store, and a client that comes back joins all
// its studies at once.
func (o *Options) joinRate() float64 {
	if o.Rate < 0 {
		return -1
	}
	return 10
}

func (o *Options) joinBurst() float64 { return 200 }
