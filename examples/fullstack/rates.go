package main

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/coupchat/coup/auth"
)

// rates are the rate limits of the sample API. The zero value has no limits.
type rates struct {
	// requests are those of one user. told are what others are told of: new studies, members who
	// come and go, notices. logins are those of one address.
	requests, told, logins *limiters
}

func newRates() rates {
	return rates{requests: newLimiters(20, 100), told: newLimiters(1, 20), logins: newLimiters(5, 100)}
}

// limited adds a limit to an action that others are told of.
func (a *api) limited(act personal) personal {
	return func(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
		if err := a.rates.told.take(who.UserID); err != nil {
			return 0, nil, err
		}
		return act(w, r, who)
	}
}

// A sweep comes when there are twice as many limiters as after the last one, minLimiters at least,
// and maxLimiters are there at most.
const (
	minLimiters = 500
	maxLimiters = 10_000
)

// limiters are token buckets by key. A nil one has no limit.
type limiters struct {
	every rate.Limit
	burst int

	mu    sync.Mutex // guards what follows
	byKey map[string]*rate.Limiter
	left  int // how many the last sweep left
}

func newLimiters(perSecond float64, burst int) *limiters {
	return &limiters{every: rate.Limit(perSecond), burst: burst, byKey: map[string]*rate.Limiter{}}
}

// take takes a token. Without one it returns a problem that says when there will be one.
func (l *limiters) take(key string) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.byKey[key]
	if one == nil {
		l.sweep()
		one = rate.NewLimiter(l.every, l.burst)
		l.byKey[key] = one
	}
	now := time.Now()
	reservation := one.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reservation.CancelAt(now)
	return &problem{status: http.StatusTooManyRequests, Code: "rate_limited", Message: "too fast, try again in a moment", RetryAfter: wait.Milliseconds() + 1}
}

// sweep makes room for one limiter: those that are full hold nothing to remember.
func (l *limiters) sweep() {
	if len(l.byKey) < min(max(2*l.left, minLimiters), maxLimiters) {
		return
	}
	for key, one := range l.byKey {
		if one.Tokens() >= float64(l.burst) {
			delete(l.byKey, key)
		}
	}
	if len(l.byKey) >= maxLimiters { // so many at once are no users
		clear(l.byKey)
	}
	l.left = len(l.byKey)
}

// clientOf returns the address of the client of a request: for IPv6 its network, of which one
// client may use every address. A proxy on this machine names the client last in
// X-Forwarded-For. Anybody else could write there what they like.
func clientOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if addr.IsLoopback() {
		list := r.Header.Values("X-Forwarded-For")
		last := strings.Split(strings.Join(list, ","), ",")
		if named, err := netip.ParseAddr(strings.TrimSpace(last[len(last)-1])); err == nil {
			addr = named
		}
	}
	if addr = addr.Unmap().WithZone(""); addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().String()
	}
	return addr.String()
}

// retryAfter returns the seconds of a Retry-After header, rounded up.
func retryAfter(ms int64) string { return strconv.FormatInt((ms+999)/1000, 10) }
