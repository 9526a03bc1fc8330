package room

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestABucketCountsTokens compares a bucket with one that counts its tokens.
func TestABucketCountsTokens(t *testing.T) {
	for _, tt := range []pace{{10, 20}, {3, 6}, {0.25, 1}, {1e-12, 1}, signalBytePace, {1e12, 2e12}} {
		rng := rand.New(rand.NewPCG(3, 4))
		now := time.Unix(1_800_000_000, 0)
		var b bucket
		used := 0.0
		for range 10_000 {
			pause := time.Duration(rng.ExpFloat64() / max(tt.rate, 1e-3) * float64(time.Second))
			now = now.Add(pause)
			used = max(0, used-pause.Seconds()*tt.rate)
			n := math.Ceil(rng.Float64() * tt.burst / 10)
			err := b.take(now, n, tt)
			if room := tt.burst - used - n; (err == nil) != (room >= 0) && math.Abs(room) > tt.burst/1e6 {
				t.Fatalf("rate %v, burst %v: taking %v of %v says %v", tt.rate, tt.burst, n, tt.burst-used, err)
			}
			if err == nil {
				used += n
				continue
			}
			rate, _ := errors.AsType[*RateError](err)
			if again := b; rate == nil || rate.RetryAfter <= 0 || again.take(now.Add(rate.RetryAfter+time.Microsecond), n, tt) != nil {
				t.Fatalf("rate %v: after %v nothing is left", tt.rate, err)
			}
		}
		if used > tt.burst/1e6 && b.full(now, tt) {
			t.Errorf("rate %v: full() although %v tokens are missing", tt.rate, used)
		}
		if !b.full(now.Add(time.Duration(tt.burst*tt.token())+time.Microsecond), tt) {
			t.Errorf("rate %v: not full after the time of all tokens", tt.rate)
		}
	}
}

func TestAChargeIsBounded(t *testing.T) {
	var b bucket
	now := time.Unix(1_800_000_000, 0)
	p := pace{10, 20}
	b.charge(now, 1_000, p)
	if b.full(now.Add(4*time.Second-1), p) {
		t.Error("a charge of 1,000 tokens takes fewer than 40")
	}
	if !b.full(now.Add(4*time.Second), p) {
		t.Error("a charge of 1,000 tokens takes more than 40")
	}
}

// A clock that is set back must not lock anybody out for as long.
func TestAClockThatIsSetBackLocksNobodyOut(t *testing.T) {
	p := pace{10, 20}
	now := time.Unix(1_800_000_000, 0)
	var b bucket
	for range 5 {
		if err := b.take(now, 1, p); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(-time.Hour)
	_ = b.take(now, 1, p) // refused or not
	if now = now.Add(4 * time.Second); !b.full(now, p) || b.take(now, 1, p) != nil {
		t.Error("nothing is left 4 s after the clock was set back by an hour")
	}
}
