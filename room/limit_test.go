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
	for _, tt := range []struct{ rate, burst float64 }{{10, 20}, {3, 6}, {0.25, 1}, {1e-12, 1}, {signalBytes, 2 * signalBytes}, {1e12, 2e12}} {
		rng := rand.New(rand.NewPCG(3, 4))
		now := time.Unix(1_800_000_000, 0)
		var b bucket
		used := 0.0
		for range 10_000 {
			pause := time.Duration(rng.ExpFloat64() / max(tt.rate, 1e-3) * float64(time.Second))
			now = now.Add(pause)
			used = max(0, used-pause.Seconds()*tt.rate)
			n := math.Ceil(rng.Float64() * tt.burst / 10)
			err := b.takeMany(now, n, tt.rate, tt.burst)
			if room := tt.burst - used - n; (err == nil) != (room >= 0) && math.Abs(room) > tt.burst/1e6 {
				t.Fatalf("rate %v, burst %v: taking %v of %v says %v", tt.rate, tt.burst, n, tt.burst-used, err)
			}
			if err == nil {
				used += n
				continue
			}
			rate, _ := errors.AsType[*RateError](err)
			if again := b; rate == nil || rate.RetryAfter <= 0 || again.takeMany(now.Add(rate.RetryAfter+time.Microsecond), n, tt.rate, tt.burst) != nil {
				t.Fatalf("rate %v: after %v nothing is left", tt.rate, err)
			}
		}
		if b.full(now) != (used == 0) && used > tt.burst/1e6 {
			t.Errorf("rate %v: %v tokens are missing, full() = %v", tt.rate, used, b.full(now))
		}
	}
}

func TestAChargeIsBounded(t *testing.T) {
	var b bucket
	now := time.Unix(1_800_000_000, 0)
	b.charge(now, 1_000, 10, 40)
	if b.full(now.Add(4*time.Second - 1)) {
		t.Error("a charge of 1,000 tokens takes fewer than 40")
	}
	if !b.full(now.Add(4 * time.Second)) {
		t.Error("a charge of 1,000 tokens takes more than 40")
	}
}
