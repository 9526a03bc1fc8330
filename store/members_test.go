package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/store"
)

// directory answers lookups after a while, and counts them. Users are members if their
// id ends in 1.
type directory struct {
	takes time.Duration

	mu    sync.Mutex // guards sizes
	sizes []int
}

func (d *directory) lookup(ctx context.Context, of []store.Membership) (map[store.Membership]string, error) {
	d.mu.Lock()
	d.sizes = append(d.sizes, len(of))
	d.mu.Unlock()
	select {
	case <-time.After(d.takes):
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

func TestCallsOfMemberAtTheSameTimeShareALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{takes: time.Millisecond}
		g := store.GroupMembers(d.lookup)
		const callers = 5000
		var wg sync.WaitGroup
		for i := range callers {
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
		if len(d.sizes) > 7 {
			t.Errorf("%d lookups for %d callers: %v", len(d.sizes), callers, d.sizes)
		}
		for _, n := range d.sizes {
			if n > store.MaxLookup {
				t.Errorf("a lookup of %d memberships, want at most %d", n, store.MaxLookup)
			}
		}
	})
}

func TestLookupEndsWhenNoCallerOfMemberWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := store.GroupMembers((&directory{takes: time.Hour}).lookup)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.Member(ctx, "s1", "u1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Member = %v, want the caller's deadline", err)
		}
		start := time.Now()
		synctest.Wait() // fails the test unless the lookup ends
		if d := time.Since(start); d != 0 {
			t.Errorf("the lookup went on for %s", d)
		}
	})
}

func TestFailedLookupIsUnavailableAndNeverNotFound(t *testing.T) {
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

func TestRolesIsTheLookupItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{takes: time.Millisecond}
		g := store.GroupMembers(d.lookup)
		is, isNot := store.Membership{StudyID: "s1", UserID: "u1"}, store.Membership{StudyID: "s1", UserID: "u2"}
		start := time.Now()
		for range 3 {
			roles, err := g.Roles(t.Context(), []store.Membership{is, isNot})
			if err != nil || len(roles) != 1 || roles[is] != "member of s1" {
				t.Errorf("Roles = %v, %v, want that of %v alone", roles, err, is)
			}
		}
		if took := time.Since(start); took != 3*time.Millisecond || len(d.sizes) != 3 {
			t.Errorf("three calls of Roles took %s in %d lookups, want 3ms in 3", took, len(d.sizes))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Roles(ctx, []store.Membership{is}); !errors.Is(err, context.Canceled) {
			t.Errorf("Roles with a context that is done = %v, want Canceled", err)
		}
	})
}
