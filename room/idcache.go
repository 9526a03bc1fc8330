package room

import "sync"

// maxIDs is how many ids of notifications are remembered.
const maxIDs = 1 << 16

// idCache remembers the ids of delivered notifications, the newest maxIDs.
type idCache struct {
	mu    sync.Mutex // guards what follows
	keys  map[string]struct{}
	order []string // a ring: next is the oldest once it is full
	next  int
}

// add reports whether audience gets the notification with id for the first time, and
// remembers it. A notification without an id is always new.
func (c *idCache) add(audience, id string) bool {
	if id == "" {
		return true
	}
	key := audience + " " + id // an audience has no space in it
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.keys[key]; known {
		return false
	}
	if c.keys == nil {
		c.keys = map[string]struct{}{}
	}
	c.keys[key] = struct{}{}
	if len(c.order) < maxIDs {
		c.order = append(c.order, key)
		return true
	}
	delete(c.keys, c.order[c.next])
	c.order[c.next] = key
	c.next = (c.next + 1) % maxIDs
	return true
}
