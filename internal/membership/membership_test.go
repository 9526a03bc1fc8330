package membership

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

var errBroken = errors.New("broken")

var mina = store.Membership{StudyID: "s1", UserID: "mina"}

// A backend has all members until gone is set, except "stays".
type backend struct {
	gone, broken, noBatches atomic.Bool
	asked, batches          atomic.Int64
	during                  func() // called while Member is under way
}

func (b *backend) Member(_ context.Context, _ store.StudyID, user store.UserID) (string, error) {
	b.asked.Add(1)
	gone := b.gone.Load()
	if b.during != nil {
		b.during()
	}
	switch {
	case b.broken.Load():
		return "", errBroken
	case gone && user != "stays":
		return "", store.ErrNotFound
	}
	return "member", nil
}

func (b *backend) Roles(_ context.Context, ms []store.Membership) (map[store.Membership]string, error) {
	b.batches.Add(1)
	switch {
	case b.noBatches.Load():
		return nil, fmt.Errorf("ask for one: %w", errors.ErrUnsupported)
	case b.broken.Load():
		return nil, errBroken
	}
	roles := map[store.Membership]string{}
	for _, m := range ms {
		if !b.gone.Load() || m.UserID == "stays" {
			roles[m] = ""
		}
	}
	return roles, nil
}

func newChecker(t *testing.T, b *backend, keep time.Duration) *Checker {
	w := work.NewGroup(time.Second)
	t.Cleanup(w.End)
	return New(b, w, keep)
}

func TestAnswersAreCachedForAtMostHalfOfKeep(t *testing.T) {
	other := store.Membership{StudyID: "s2", UserID: "other"}
	for _, tt := range []struct {
		name  string
		first time.Duration // when mina is checked, after the cache was first used
		other time.Duration // when the cache is used for another membership
		again time.Duration // when mina is checked again
		want  bool
	}{
		{"a moment", 0, 0, time.Second, true},
		{"across a turn", 14 * time.Second, 14 * time.Second, 16 * time.Second, true},
		{"a quarter", 7 * time.Second, 8 * time.Second, 14400 * time.Millisecond, true},
		{"too long", 0, 14 * time.Second, 16 * time.Second, false},
		{"too long, after a late turn", 0, 14 * time.Second, 21 * time.Second, false},
		{"too long, and the cache was not used meanwhile", 0, 0, 29 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b backend
				c := newChecker(t, &b, 30*time.Second)
				check := func(at time.Duration, m store.Membership) error {
					time.Sleep(at)
					_, err := c.Check(t.Context(), m)
					return err
				}
				err := errors.Join(check(0, other), check(tt.first, mina), check(tt.other-tt.first, other))
				if err != nil {
					t.Fatal(err)
				}
				b.gone.Store(true)
				if err := check(tt.again-tt.other, mina); (err == nil) != tt.want || err != nil && !errors.Is(err, ErrForbidden) {
					t.Errorf("Check = %v, cached should be %v", err, tt.want)
				}
			})
		})
	}
}

func TestNothingIsCachedWithoutKeep(t *testing.T) {
	var b backend
	c := newChecker(t, &b, -1)
	for range 3 {
		if _, err := c.Check(t.Context(), mina); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.asked.Load(); n != 3 {
		t.Errorf("3 checks asked %d times", n)
	}
}

func TestErrorsAreNotCached(t *testing.T) {
	var b backend
	c := newChecker(t, &b, time.Hour)
	b.gone.Store(true)
	if _, err := c.Check(t.Context(), mina); !errors.Is(err, ErrForbidden) {
		t.Errorf("Check of no member = %v, want ErrForbidden", err)
	}
	b.broken.Store(true)
	if _, err := c.Check(t.Context(), mina); !errors.Is(err, errBroken) {
		t.Errorf("Check with a broken backend = %v, want its error", err)
	}
	b.gone.Store(false)
	b.broken.Store(false)
	if _, err := c.Check(t.Context(), mina); err != nil {
		t.Errorf("Check of a member = %v", err)
	}
}

func TestTheCacheIsDroppedBy(t *testing.T) {
	for name, drop := range map[string]func(*Checker){
		"Revoke of the membership": func(c *Checker) { c.Revoke(mina) },
		"Revoke of the study":      func(c *Checker) { c.Revoke(store.Membership{StudyID: "s1"}) },
		"RevokeAll":                func(c *Checker) { c.RevokeAll() },
		"Forget":                   func(c *Checker) { c.Forget(mina) },
	} {
		t.Run(name, func(t *testing.T) {
			var b backend
			c := newChecker(t, &b, time.Hour)
			if _, err := c.Check(t.Context(), mina); err != nil {
				t.Fatal(err)
			}
			b.gone.Store(true)
			if _, err := c.Check(t.Context(), mina); err != nil {
				t.Fatalf("Check = %v, want nil from the cache", err)
			}
			drop(c)
			if _, err := c.Check(t.Context(), mina); !errors.Is(err, ErrForbidden) {
				t.Errorf("Check = %v, want ErrForbidden", err)
			}
		})
	}
}

// The answer that was under way may be older than the end of the membership.
func TestAnAnswerDuringARevocationIsNotCached(t *testing.T) {
	for name, revoke := range map[string]func(*Checker){
		"Revoke":    func(c *Checker) { c.Revoke(mina) },
		"RevokeAll": func(c *Checker) { c.RevokeAll() },
	} {
		t.Run(name, func(t *testing.T) {
			var b backend
			c := newChecker(t, &b, time.Hour)
			before := c.Revocations("s1")
			b.during = func() { b.gone.Store(true); revoke(c) }
			if _, err := c.Check(t.Context(), mina); err != nil {
				t.Fatal(err)
			}
			if c.Revocations("s1") == before {
				t.Error("Revocations is the same: a join would use the old answer")
			}
			b.during = nil
			if _, err := c.Check(t.Context(), mina); !errors.Is(err, ErrForbidden) {
				t.Errorf("Check = %v, want ErrForbidden", err)
			}
		})
	}
}

// A join that begins between the two counts of Revoke may still get a cached answer.
// It must see another number when it is about to use that answer.
func TestRevokeCountsBeforeAndAfter(t *testing.T) {
	for _, user := range []store.UserID{"mina", ""} {
		synctest.Test(t, func(t *testing.T) {
			c := newChecker(t, &backend{}, time.Hour)
			before := c.Revocations("s1")
			c.cache.mu.Lock()
			go c.Revoke(store.Membership{StudyID: "s1", UserID: user})
			for c.Revocations("s1") == before {
				runtime.Gosched()
			}
			between := c.Revocations("s1")
			c.cache.mu.Unlock()
			synctest.Wait()
			if c.Revocations("s1") == between {
				t.Errorf("Revoke of %q does not count after it has changed the cache", user)
			}
		})
	}
}

func TestCheckAll(t *testing.T) {
	stays := store.Membership{StudyID: "s1", UserID: "stays"}
	for _, batches := range []bool{true, false} {
		t.Run(map[bool]string{true: "in one call", false: "one by one"}[batches], func(t *testing.T) {
			var b backend
			b.noBatches.Store(!batches)
			c := newChecker(t, &b, time.Hour)
			b.gone.Store(true)
			got := c.CheckAll([]store.Membership{mina, stays})
			if len(got) != 2 || got[stays].Err != nil || !errors.Is(got[mina].Err, ErrForbidden) {
				t.Errorf("CheckAll = %v, want ErrForbidden for mina only", got)
			}
			b.broken.Store(true)
			got = c.CheckAll([]store.Membership{mina, stays})
			if !errors.Is(got[stays].Err, errBroken) || !errors.Is(got[mina].Err, errBroken) {
				t.Errorf("CheckAll with a broken backend = %v, want its error for both", got)
			}
			if one := b.asked.Load() > 0; one == batches || len(c.CheckAll(nil)) != 0 || b.batches.Load() != 2 {
				t.Errorf("asked one by one: %v, in %d batches", one, b.batches.Load())
			}
		})
	}
}
