package room

import (
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// A join asks the store. A client that reconnects joins all its studies at once.
var joinPace = pace{rate: 10, burst: 200}

// replayCost is for how many replayed messages a join counts twice.
const replayCost = 100

// limits are what one user may do. They are token buckets, and full at first.
type limits struct {
	mu           sync.Mutex // guards what follows
	posts, joins bucket
}

// post takes a token for a post. rate is Options.Rate.
func (l *limits) post(now time.Time, rate float64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.posts.take(now, 1, postPace(rate))
}

// join takes a token for a join. There is no limit if rate is below 0.
func (l *limits) join(now time.Time, rate float64) error {
	if rate < 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.joins.take(now, 1, joinPace)
}

// charge takes tokens for what a join has cost besides. If there are too few, the next joins
// wait for them, at most as long as for all tokens.
func (l *limits) charge(now time.Time, joins float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.joins.charge(now, joins, joinPace)
}

// full reports whether both buckets are full.
func (l *limits) full(now time.Time, rate float64) bool {
	if rate < 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.posts.full(now, postPace(rate)) && l.joins.full(now, joinPace)
}

// The limits of the signals of a user: their number and their bytes.
var (
	signalPace     = pace{rate: 20, burst: 60}
	signalBytePace = pace{rate: 64 << 10, burst: 128 << 10}
)

// mentionPace is how many users a user may notify by mentions.
var mentionPace = pace{rate: 5, burst: 50}

// rareLimits are the limits of what few users do: an idle user takes no memory for them. Its methods
// may be called at the same time from any goroutine.
type rareLimits struct {
	mu    sync.Mutex // guards users
	users map[store.UserID]*rareBuckets
}

type rareBuckets struct{ signals, bytes, mentions bucket }

// of returns the buckets of a user. The caller holds mu.
func (l *rareLimits) of(user store.UserID) *rareBuckets {
	b := l.users[user]
	if b == nil {
		if l.users == nil {
			l.users = map[store.UserID]*rareBuckets{}
		}
		b = &rareBuckets{}
		l.users[user] = b
	}
	return b
}

// signal takes tokens for a signal of n bytes. There is no limit if rate is below 0.
func (l *rareLimits) signal(user store.UserID, now time.Time, rate float64, n int) error {
	if rate < 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of(user)
	if err := b.signals.take(now, 1, signalPace); err != nil {
		return err
	}
	return b.bytes.take(now, float64(n), signalBytePace)
}

// mention takes a token for a user who is notified. There is no limit if rate is below 0.
func (l *rareLimits) mention(user store.UserID, now time.Time, rate float64) error {
	if rate < 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of(user).mentions.take(now, 1, mentionPace)
}

// sweep forgets the users who have all their tokens.
func (l *rareLimits) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for user, b := range l.users {
		if b.signals.full(now, signalPace) && b.bytes.full(now, signalBytePace) && b.mentions.full(now, mentionPace) {
			delete(l.users, user)
		}
	}
}

// A pace is how many tokens a bucket regains a second, and how many it holds. A rate below 0 is no limit.
type pace struct{ rate, burst float64 }

// postPace is the pace of posts. rate is Options.Rate.
func postPace(rate float64) pace { return pace{rate, max(1, 2*rate)} }

// slowest is the least rate that is kept: nanoseconds end in 2262.
const slowest = 1e-9

// token returns in how many nanoseconds a token is regained.
func (p pace) token() float64 { return float64(time.Second) / max(p.rate, slowest) }

// A bucket is a token bucket. The zero value is full.
type bucket struct {
	fullAt int64 // Unix nanoseconds: the tokens that are missing are regained by then
}

// take takes n tokens. If there are too few it returns a *RateError.
func (b *bucket) take(now time.Time, n float64, p pace) error {
	if p.rate < 0 {
		return nil
	}
	missing := b.missing(now, p) + n*p.token()
	if over := missing - p.burst*p.token(); over > 0 {
		return &RateError{RetryAfter: time.Duration(over)}
	}
	b.fullAt = now.UnixNano() + int64(missing)
	return nil
}

// charge takes n tokens, whether they are there or not. After that at most twice as many are missing as the
// bucket holds.
func (b *bucket) charge(now time.Time, n float64, p pace) {
	missing := b.missing(now, p) + n*p.token()
	b.fullAt = now.UnixNano() + int64(min(missing, 2*p.burst*p.token()))
}

// missing returns in how many nanoseconds the bucket is full. More than after a charge cannot be missing: then
// the clock was set back.
func (b *bucket) missing(now time.Time, p pace) float64 {
	at := now.UnixNano()
	b.fullAt = min(b.fullAt, at+int64(2*p.burst*p.token()))
	return float64(max(0, b.fullAt-at))
}

func (b *bucket) full(now time.Time, p pace) bool { return b.missing(now, p) == 0 }
