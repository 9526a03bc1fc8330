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
// is never cached. It has a young and an old generation: turning it drops the
// old one, so that what nobody asks for any more goes away.
type memberCache struct {
	mu         sync.Mutex           // guards what follows
	young, old map[membership]int64 // until when, in Unix nanoseconds
}

type membership struct {
	study StudyID
	user  UserID
}

func (c *memberCache) has(m membership, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.UnixNano() < max(c.young[m], c.old[m])
}

// put believes a membership until then, if it still holds: still is asked under
// the lock that forget takes.
func (c *memberCache) put(m membership, until time.Time, still func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !still() {
		return
	}
	if len(c.young) >= maxMembers/2 {
		c.young, c.old = nil, c.young
	}
	if c.young == nil {
		c.young = map[membership]int64{}
	}
	c.young[m] = until.UnixNano()
}

// turn makes the young generation the old one. What is put is good for no longer
// than one generation lasts.
func (c *memberCache) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old = nil, c.young
}

// forget drops what is known of a user in a study, or of the whole study if user
// is empty.
func (c *memberCache) forget(study StudyID, user UserID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, gen := range []map[membership]int64{c.young, c.old} {
		if user != "" {
			delete(gen, membership{study, user})
			continue
		}
		for m := range gen {
			if m.study == study {
				delete(gen, m)
			}
		}
	}
}

// member returns nil if user is a member of study, ErrForbidden if not.
func (g *Registry) member(ctx context.Context, study StudyID, user UserID) error {
	m := membership{study, user}
	if g.members.has(m, g.now()) {
		return nil
	}
	revoked := g.revocations(study).Load()
	ctx, cancel := g.deadline(ctx)
	defer cancel()
	_, err := g.store.Member(ctx, study, user)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrForbidden
	case err != nil:
		return unavailable(err)
	}
	// An answer that a kick may have overtaken is good for this once only.
	if g.opts.MemberCache > 0 {
		g.members.put(m, g.now().Add(g.opts.MemberCache), func() bool { return revoked == g.revocations(study).Load() })
	}
	return nil
}

// revocations counts the memberships that were taken away in a study, or in one
// that shares its counter.
func (g *Registry) revocations(study StudyID) *atomic.Int64 {
	return &g.revoked[maphash.String(laneSeed, string(study))%uint64(len(g.revoked))]
}

// revoke notes that a membership may be gone.
func (g *Registry) revoke(study StudyID, user UserID) {
	g.revocations(study).Add(1) // first, so that no answer under way is put back after it
	g.members.forget(study, user)
}

// recheckAll asks again whether those who sit in rooms may, one after the other
// in the background: news of a kick may have been missed. Whom nobody can tell us
// about stays. While it is at work it is not begun again.
func (g *Registry) recheckAll() {
	if !g.rechecking.Swap(true) && !g.background(g.recheckSeats) {
		g.rechecking.Store(false)
	}
}

func (g *Registry) recheckSeats() {
	defer g.rechecking.Store(false)
	for i := range g.revoked {
		g.revoked[i].Add(1) // no answer from before is to be believed
	}
	g.members.turn()
	g.members.turn()
	for _, r := range g.all() {
		var seats []*Seat
		r.call(func() { seats = append(seats, r.seats...) })
		for _, s := range seats {
			if g.life.Err() != nil {
				return
			}
			if err := g.member(g.life, r.study, s.user.id); errors.Is(err, ErrForbidden) {
				r.later(func() { r.expel(MembershipLost, func(o *Seat) bool { return o == s }) })
			}
		}
	}
}

// recheck confirms in the background that the holder of a seat is still a
// member, once the last confirmation is too old, and takes the seat if not.
func (s *Seat) recheck() {
	g := s.room.reg
	now, last := g.now(), s.checked.Load()
	age := now.UnixNano() - last // below 0 if the clock was put back
	if age >= 0 && age < int64(g.opts.MemberCache) || !s.checked.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	g.background(func() {
		err := g.member(g.life, s.room.study, s.user.id)
		if errors.Is(err, ErrForbidden) {
			s.room.later(func() { s.room.expel(MembershipLost, func(o *Seat) bool { return o == s }) })
		} else if err != nil {
			s.checked.CompareAndSwap(now.UnixNano(), last) // ask again with the next post
		}
	})
}
