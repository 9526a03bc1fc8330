package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/store"
)

// register answers lookups after a while and counts them. Odd users are members.
type register struct {
	takes time.Duration

	mu    sync.Mutex // guards sizes
	sizes []int
}

func (r *register) lookup(ctx context.Context, of []store.Membership) (map[store.Membership]string, error) {
	r.mu.Lock()
	r.sizes = append(r.sizes, len(of))
	r.mu.Unlock()
	select {
	case <-time.After(r.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	roles := map[store.Membership]string{}
	for _, m := range of {
		if strings.HasSuffix(string(m.UserID), "1") {
			roles[m] = "member of " + string(m.StudyID)
		}
	}
	return roles, nil
}

func TestMembersThatComeTogetherShareALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &register{takes: time.Millisecond}
		g := store.GroupMembers(r.lookup)
		const herd = 5000
		var wg sync.WaitGroup
		for i := range herd {
			wg.Go(func() {
				study, user := store.StudyID(fmt.Sprint("s", i%7)), store.UserID(fmt.Sprint("u", i))
				role, err := g.Member(t.Context(), study, user)
				if i%10 == 1 {
					if want := "member of " + string(study); role != want || err != nil {
						t.Errorf("Member(%s, %s) = %q, %v, want %q", study, user, role, err, want)
					}
				} else if !errors.Is(err, store.ErrNotFound) {
					t.Errorf("Member(%s, %s) = %q, %v, want ErrNotFound", study, user, role, err)
				}
			})
		}
		wg.Wait()
		if len(r.sizes) > 7 {
			t.Errorf("%d lookups for a herd of %d: %v", len(r.sizes), herd, r.sizes)
		}
		for _, n := range r.sizes {
			if n > store.MaxLookup {
				t.Errorf("a lookup of %d", n)
			}
		}
	})
}

func TestASingleMemberIsNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := store.GroupMembers((&register{takes: time.Millisecond}).lookup)
		for range 10 {
			begin := time.Now()
			if _, err := g.Member(t.Context(), "s1", "u1"); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(begin); d != time.Millisecond {
				t.Errorf("Member took %v, the lookup 1ms", d)
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// A trickle of one each millisecond must be slowed into groups, and everyone in
// it still be served soon.
func TestAnAnswerIsNeverLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &register{takes: time.Millisecond}
		g := store.GroupMembers(r.lookup)
		var wg sync.WaitGroup
		for i := range 3000 {
			wg.Go(func() {
				begin := time.Now()
				_, _ = g.Member(t.Context(), "s1", store.UserID(fmt.Sprint("u", i)))
				if d := time.Since(begin); d > 110*time.Millisecond {
					t.Errorf("Member took %v", d)
				}
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		if n := len(r.sizes); n > 100 {
			t.Errorf("%d lookups in 3 s", n)
		}
	})
}

func TestALookupEndsWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &register{takes: time.Hour}
		g := store.GroupMembers(r.lookup)
		var wg sync.WaitGroup
		for _, patience := range []time.Duration{time.Second, 2 * time.Second} {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if _, err := g.Member(ctx, "s1", "u1"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Member = %v, want the caller's deadline", err)
				}
			})
		}
		begin := time.Now()
		wg.Wait()
		synctest.Wait() // the bubble ends only if the lookup does
		if d := time.Since(begin); d != 2*time.Second {
			t.Errorf("the callers waited for %v, want 2s", d)
		}
	})
}

func TestWhoComesAfterOneThatGaveUpIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := store.GroupMembers((&register{takes: time.Second}).lookup)
		var wg sync.WaitGroup
		ask := func(after, patience time.Duration, want error) {
			wg.Go(func() {
				time.Sleep(after)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if _, err := g.Member(ctx, "s1", "u1"); !errors.Is(err, want) {
					t.Errorf("Member after %v = %v, want %v", after, err, want)
				}
			})
		}
		ask(0, time.Minute, nil)
		ask(100*time.Millisecond, 100*time.Millisecond, context.DeadlineExceeded) // waits for the next lookup, alone
		ask(300*time.Millisecond, time.Minute, nil)
		wg.Wait()
	})
}

func TestALookupThatHangsHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		var calls atomic.Int64
		g := store.GroupMembers(func(_ context.Context, of []store.Membership) (map[store.Membership]string, error) {
			if calls.Add(1) == 1 {
				<-hang
			}
			return map[store.Membership]string{of[0]: "member"}, nil
		})
		for i, want := range []error{context.DeadlineExceeded, nil} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := g.Member(ctx, "s1", "u1"); !errors.Is(err, want) {
				t.Errorf("Member %d = %v, want %v", i, err, want)
			}
			cancel()
		}
		close(hang)
	})
}

func TestALookupThatFailsFailsForItsGroupOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []func() (map[store.Membership]string, error){
			func() (map[store.Membership]string, error) { return nil, store.ErrUnavailable },
			func() (map[store.Membership]string, error) { return nil, store.ErrNotFound },
			func() (map[store.Membership]string, error) { panic("a bug") },
			func() (map[store.Membership]string, error) {
				return map[store.Membership]string{{StudyID: "s1", UserID: "u1"}: "owner"}, nil
			},
		}
		g := store.GroupMembers(func(context.Context, []store.Membership) (map[store.Membership]string, error) {
			next := answers[0]
			answers = answers[1:]
			return next()
		})
		for range 3 {
			if _, err := g.Member(t.Context(), "s1", "u1"); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) {
				t.Errorf("Member = %v, want ErrUnavailable", err)
			}
		}
		if role, err := g.Member(t.Context(), "s1", "u1"); role != "owner" || err != nil {
			t.Errorf("Member = %q, %v, want owner", role, err)
		}
	})
}
