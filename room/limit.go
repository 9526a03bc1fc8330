package room

import (
	"math"
	"time"
)

// A bucket is a token bucket. Its zero value is full.
type bucket struct {
	used float64
	at   int64 // Unix nanoseconds
}

// mayPost takes a token for a post.
func (u *user) mayPost(now time.Time, o *Options) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.posts.take(now, o.Rate, max(1, 2*o.Rate))
}

// Joining costs a question to the store, and a client that comes back joins all
// its studies at once.
const joinRate, joinBurst = 10, 200

// mayJoin takes a token for a join.
func (u *user) mayJoin(now time.Time, o *Options) error {
	if o.Rate < 0 {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.joins.take(now, joinRate, joinBurst)
}

// rested reports whether the buckets are full again.
func (u *user) rested(now time.Time, o *Options) bool {
	if o.Rate < 0 {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	full := func(b bucket, rate float64) bool {
		return b.used <= time.Duration(now.UnixNano()-b.at).Seconds()*rate
	}
	return full(u.posts, o.Rate) && full(u.joins, joinRate)
}

// take takes one token of a bucket that holds burst and regains rate in a
// second. A rate below 0 is no limit.
func (b *bucket) take(now time.Time, rate, burst float64) error {
	if rate < 0 {
		return nil
	}
	at := now.UnixNano()
	b.used = math.Max(0, b.used-time.Duration(max(0, at-b.at)).Seconds()*rate)
	b.at = at
	if b.used+1 > burst {
		return &RateError{RetryAfter: time.Duration((b.used + 1 - burst) / rate * float64(time.Second))}
	}
	b.used++
	return nil
}
