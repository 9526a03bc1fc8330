// Package membership checks whether a user is a member of a study.
package membership

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// ErrForbidden says that the user is not a member. It is also the error for a study
// that does not exist.
var ErrForbidden = errors.New("not a member")

// A Checker asks a store.BatchMembers and caches the answers. Its methods may be
// called at the same time from any goroutine.
type Checker struct {
	members store.BatchMembers
	work    *work.Group
	cache   cache
	roles   roles
	// revoked counts the revocations of the studies that share a counter.
	revoked [64]atomic.Int64
	seed    maphash.Seed
}

// New returns a Checker with an empty cache. An answer is cached for between a
// quarter and a half of keep; at 0 or below, nothing is cached. If Roles returns an
// error that wraps errors.ErrUnsupported, CheckAll calls Member instead.
func New(members store.BatchMembers, w *work.Group, keep time.Duration) *Checker {
	seed := maphash.MakeSeed()
	return &Checker{members: members, work: w, seed: seed, cache: cache{seed: seed, keep: keep / 2}}
}

// Check returns the role of m if m exists, or ErrForbidden if not. It may answer from the
// cache. Any other error says that the backend did not answer.
func (c *Checker) Check(ctx context.Context, m store.Membership) (Role, error) {
	if role, cached := c.cache.get(m); cached {
		return role, nil
	}
	revoked := c.Revocations(m.StudyID)
	a := c.ask(ctx, m)
	if a.Err != nil {
		return a.Role, a.Err
	}
	// If m was revoked while Member was under way, the answer may be older than that.
	c.cache.put(m, a.Role, func() bool { return revoked == c.Revocations(m.StudyID) })
	return a.Role, nil
}

// An Answer is the role of a member, or an error: ErrForbidden, or that of the backend.
type Answer struct {
	Role Role
	Err  error
}

// ask is Check without the cache.
func (c *Checker) ask(ctx context.Context, m store.Membership) Answer {
	ctx, cancel := c.work.Deadline(ctx)
	defer cancel()
	role, err := c.members.Member(ctx, m.StudyID, m.UserID)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrForbidden
	}
	return Answer{c.roles.of(role), err}
}

// CheckAll returns what Check without the cache would return for each of ms, which
// are at most store.MaxLookup without duplicates. It asks in one call if the backend
// can. A membership is missing from the result if the work group ended before it was
// asked for.
func (c *Checker) CheckAll(ms []store.Membership) map[store.Membership]Answer {
	answers := make(map[store.Membership]Answer, len(ms))
	if len(ms) == 0 {
		return answers
	}
	found, err := c.ofAll(ms)
	if errors.Is(err, errors.ErrUnsupported) {
		for _, m := range ms {
			if c.work.Ended() {
				break
			}
			answers[m] = c.ask(c.work.Context(), m)
		}
		return answers
	}
	for _, m := range ms {
		if role, ok := found[m]; ok {
			answers[m] = Answer{Role: c.roles.of(role)}
		} else {
			answers[m] = Answer{Err: cmp.Or(err, ErrForbidden)}
		}
	}
	return answers
}

func (c *Checker) ofAll(ms []store.Membership) (map[store.Membership]string, error) {
	ctx, cancel := c.work.Deadline(c.work.Context())
	defer cancel()
	return c.members.Roles(ctx, ms)
}

// Revocations returns a number that is different after Revoke or RevokeAll has ended
// a membership of study. To act on an answer of Check, read the number before the
// call: if it has changed since, the answer may be too old.
func (c *Checker) Revocations(study store.StudyID) int64 {
	return c.counter(study).Load()
}

func (c *Checker) counter(study store.StudyID) *atomic.Int64 {
	return &c.revoked[maphash.String(c.seed, string(study))%uint64(len(c.revoked))]
}

// Revoke records that m has ended. If m has no user, all memberships of its study have ended.
//
// Revoke increases the number that Revocations returns twice. The first increase comes before
// the cache is changed: an answer that the backend is still computing is then not cached.
// The second increase comes after the cache is changed: a join that has read the cache
// between the two sees a new number, and checks again.
func (c *Checker) Revoke(m store.Membership) {
	counter := c.counter(m.StudyID)
	counter.Add(1)
	defer counter.Add(1)
	if m.UserID == "" {
		c.cache.clear() // rare, and every answer can be had again
		return
	}
	c.cache.forget(m)
}

// RevokeAll records that any membership may have ended.
func (c *Checker) RevokeAll() {
	for i := range c.revoked {
		c.revoked[i].Add(1) // no answer under way may be cached
	}
	c.cache.clear()
}

// Forget makes the next Check of m ask the backend.
func (c *Checker) Forget(m store.Membership) { c.cache.forget(m) }

// Sweep frees the memory of answers that are too old. Call it now and then.
func (c *Checker) Sweep() { c.cache.sweep() }
