package membership

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// maxCached bounds the number of memberships in the cache.
const maxCached = 100_000

// cache holds memberships that exist. A "no" is never cached.
//
// It is two maps to the role of the user. The older is dropped every half of keep, so a membership stays for
// between half of keep and all of it, and one that is not used any more goes away.
// They hold hashes of 64 bits, a tenth of what the ids take. Nobody outside knows
// the seed, so nobody can choose ids whose hashes are equal.
type cache struct {
	seed maphash.Seed
	keep time.Duration // 0 or below: nothing is cached

	mu         sync.Mutex // guards what follows
	young, old map[uint64]Role
	turned     time.Time // when the young map last became the old one
}

func (c *cache) hash(m store.Membership) uint64 { return maphash.Comparable(c.seed, m) }

// get returns the role of m, if m is cached.
func (c *cache) get(m store.Membership) (role Role, cached bool) {
	key := c.hash(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(time.Now())
	if role, cached = c.young[key]; !cached {
		role, cached = c.old[key]
	}
	return role, cached
}

// put caches m if valid returns true. It calls valid with the lock held that forget
// takes, so that no revocation comes in between.
func (c *cache) put(m store.Membership, role Role, valid func() bool) {
	if c.keep <= 0 {
		return
	}
	key := c.hash(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !valid() {
		return
	}
	if len(c.young) >= maxCached/2 {
		c.young, c.old = nil, c.young
	}
	if c.young == nil {
		c.young = map[uint64]Role{}
	}
	c.young[key] = role
}

// turn makes the young map the old one if it is time. The caller holds c.mu.
func (c *cache) turn(now time.Time) {
	switch age := now.Sub(c.turned); {
	case age >= c.keep:
		c.young, c.old = nil, nil
		c.turned = now
	case age >= c.keep/2:
		c.young, c.old = nil, c.young
		c.turned = c.turned.Add(c.keep / 2) // not now: a late turn must not keep answers longer
	}
}

// sweep drops what is too old.
func (c *cache) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(time.Now())
}

// forget drops m.
func (c *cache) forget(m store.Membership) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, c.hash(m))
	delete(c.old, c.hash(m))
}

// clear drops everything.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old = nil, nil
}
