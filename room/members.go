package room

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/store"
)

// maxMembers bounds the cache of memberships.
const maxMembers = 100_000

// memberCache believes for a while that a user is a member. That a user is none
// is never cached. It is two sets, of which the older is dropped every half of
// the while: so a membership is believed for half of it at least and the whole at
// most, and what nobody asks for any more goes away. The sets hold hashes of 64
// bits under a seed that nobody outside knows, a tenth of what the names take.
type memberCache struct {
	mu         sync.Mutex // guards what follows
	young, old map[uint64]struct{}
	turned     time.Time
}

type membership struct {
	study store.StudyID
	user  store.UserID
}

func (m membership) hash() uint64 { return maphash.Comparable(laneSeed, m) }

// has reports whether a membership is believed.
func (c *memberCache) has(m membership, now time.Time, while time.Duration) bool {
	key := m.hash()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now, while)
	_, young := c.young[key]
	_, old := c.old[key]
	return young || old
}

// put believes a membership, if it still holds: still is asked under the lock that
// forget takes.
func (c *memberCache) put(m membership, still func() bool) {
	key := m.hash()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !still() {
		return
	}
	if len(c.young) >= maxMembers/2 {
		c.young, c.old = nil, c.young
	}
	if c.young == nil {
		c.young = map[uint64]struct{}{}
	}
	c.young[key] = struct{}{}
}

// turn makes the young set the old one if it is time. c.mu is held.
func (c *memberCache) turn(now time.Time, while time.Duration) {
	switch age := now.Sub(c.turned); {
	case age >= while:
		c.young, c.old = nil, nil
	case age >= while/2:
		c.young, c.old = nil, c.young
		c.turned = c.turned.Add(while / 2) // not now: a late turn is not to make it longer
		return
	default:
		return
	}
	c.turned = now
}

// sweep drops what is believed no longer.
func (c *memberCache) sweep(now time.Time, while time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now, while)
}

// forget believes nothing any more of a user in a study.
func (c *memberCache) forget(m membership) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, m.hash())
	delete(c.old, m.hash())
}

// forgetAll believes nothing any more.
func (c *memberCache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old = nil, nil
}

// member returns nil if user is a member of study, ErrForbidden if not.
func (g *Registry) member(ctx context.Context, study store.StudyID, user store.UserID) error {
	m := membership{study, user}
	if g.members.has(m, g.now(), g.opts.MemberCache/2) {
		return nil
	}
	revoked := g.revocations(study).Load()
	if err := g.ask(ctx, study, user); err != nil {
		return err
	}
	// An answer that a kick may have overtaken is good for this once only.
	if g.opts.MemberCache > 0 {
		g.members.put(m, func() bool { return revoked == g.revocations(study).Load() })
	}
	return nil
}

// ask is member that believes nothing.
func (g *Registry) ask(ctx context.Context, study store.StudyID, user store.UserID) error {
	ctx, cancel := g.deadline(ctx)
	defer cancel()
	_, err := g.store.Member(ctx, study, user)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrForbidden
	case err != nil:
		return unavailable(err)
	}
	return nil
}

// revocations counts the memberships that were taken away in a study, or in one
// that shares its counter.
func (g *Registry) revocations(study store.StudyID) *atomic.Int64 {
	return &g.revoked[maphash.String(laneSeed, string(study))%uint64(len(g.revoked))]
}

// revoke notes that a membership may be gone, or without a user all of a study. It
// counts before, so that no answer under way is put back, and after, so that a join
// that found the membership in between begins again.
func (g *Registry) revoke(study store.StudyID, user store.UserID) {
	g.revocations(study).Add(1)
	defer g.revocations(study).Add(1)
	if user == "" {
		g.members.forgetAll() // rare, and cheap to find out again
		return
	}
	g.members.forget(membership{study, user})
}

// recheck confirms in the background that the holder of a seat is still a
// member, once the last confirmation is too old, and takes the seat if not.
func (s *Seat) recheck() {
	g := s.room.reg
	now, asked := g.stamp(), s.asked.Load()
	if age := now - max(asked, s.checked.Load()); age < int64(g.opts.MemberCache) || !s.asked.CompareAndSwap(asked, now) {
		return
	}
	g.background(func() {
		err := g.member(g.life, s.room.study, s.user.id)
		if errors.Is(err, ErrForbidden) {
			s.room.later(func() {
				// Who has joined again since was let in on a newer answer.
				s.room.expel(MembershipLost, func(o *Seat) bool { return o == s && s.checked.Load() <= now })
			})
		} else if err != nil {
			s.asked.CompareAndSwap(now, asked) // ask again with the next post
		}
	})
}
