package room

import (
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// A join asks the store. A client that reconnects joins all its studies at once.
const joinRate, joinBurst = 10, 200

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
	return l.posts.take(now, rate, max(1, 2*rate))
}

// join takes a token for a join. There is no limit if rate is below 0.
func (l *limits) join(now time.Time, rate float64) error {
	if rate < 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.joins.take(now, joinRate, joinBurst)
}

// charge takes tokens for what a join has cost besides. If there are too few, the next joins
// wait for them, at most as long as for all tokens.
func (l *limits) charge(now time.Time, joins float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.joins.charge(now, joins, joinRate, 2*joinBurst)
}

// full reports whether both buckets are full.
func (l *limits) full(now time.Time, rate float64) bool {
	if rate < 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.posts.full(now) && l.joins.full(now)
}

// The limits of the signals of a user: how many a second, how many at once, and how many bytes a
// second.
const (
	signalRate, signalBurst = 20, 60
	signalBytes             = 64 << 10
)

// mentionRate is how many users a user may notify a second by mentions, and mentionBurst how many
// at once.
const mentionRate, mentionBurst = 5, 50

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
	if err := b.signals.take(now, signalRate, signalBurst); err != nil {
		return err
	}
	return b.bytes.takeMany(now, float64(n), signalBytes, 2*signalBytes)
}

// mention takes a token for a user who is notified. There is no limit if rate is below 0.
func (l *rareLimits) mention(user store.UserID, now time.Time, rate float64) error {
	if rate < 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of(user).mentions.take(now, mentionRate, mentionBurst)
}

// sweep forgets the users who have all their tokens.
func (l *rareLimits) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for user, b := range l.users {
		if b.signals.full(now) && b.bytes.full(now) && b.mentions.full(now) {
			delete(l.users, user)
		}
	}
}

// slowest is the least rate that is kept: nanoseconds end in 2262.
const slowest = 1e-9

// A bucket is a token bucket. The zero value is full.
type bucket struct {
	fullAt int64 // Unix nanoseconds: the tokens that are missing are regained by then
}

// take takes one token of a bucket that holds burst tokens and regains rate tokens a
// second. If there is none it returns a *RateError. A rate below 0 is no limit.
func (b *bucket) take(now time.Time, rate, burst float64) error {
	return b.takeMany(now, 1, rate, burst)
}

// takeMany is take for n tokens.
func (b *bucket) takeMany(now time.Time, n, rate, burst float64) error {
	if rate < 0 {
		return nil
	}
	token := float64(time.Second) / max(rate, slowest)
	at := now.UnixNano()
	missing := float64(max(0, b.fullAt-at)) + n*token
	if over := missing - burst*token; over > 0 {
		return &RateError{RetryAfter: time.Duration(over)}
	}
	b.fullAt = at + int64(missing)
	return nil
}

// charge takes n tokens, whether they are there or not. After that at most so many are missing as most says.
func (b *bucket) charge(now time.Time, n, rate, most float64) {
	at := now.UnixNano()
	missing := float64(max(0, b.fullAt-at)) + n/rate*float64(time.Second)
	b.fullAt = at + int64(min(missing, most/rate*float64(time.Second)))
}

func (b *bucket) full(now time.Time) bool { return b.fullAt <= now.UnixNano() }
