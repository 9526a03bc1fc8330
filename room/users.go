package room

import (
	"slices"
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// users knows the connections of each user on this hub.
type users struct {
	mu     sync.Mutex // guards what follows and the members of every user
	byID   map[store.UserID]*user
	absent int // how many in byID have no connections
}

// A user is somebody with connections here, or who had some a moment ago: leaving
// and coming back makes nobody faster.
type user struct {
	id    store.UserID
	conns []Conn // guarded by users.mu

	mu           sync.Mutex // guards posts, joins
	posts, joins bucket
}

// Connect registers a connection of its user, who is then online. It returns
// ErrTooMany or ErrClosed.
func (g *Registry) Connect(m Conn) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return ErrClosed
	}
	us := &g.users
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID[m.User()]
	if u == nil {
		u = &user{id: m.User()}
		us.byID[u.id] = u
		us.absent++
	}
	if g.opts.MaxPerUser >= 0 && len(u.conns) >= g.opts.MaxPerUser {
		return ErrTooMany
	}
	u.conns = append(u.conns, m)
	if len(u.conns) == 1 {
		us.absent--
		g.online.report(u.id, true)
	}
	return nil
}

// Disconnect forgets a connection that Connect took. With the last one of a user
// here, this hub no longer says that they are online.
func (g *Registry) Disconnect(m Conn) {
	us := &g.users
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID[m.User()]
	if u == nil {
		return
	}
	i := slices.Index(u.conns, m)
	if i < 0 {
		return
	}
	u.conns = slices.Delete(u.conns, i, i+1)
	if len(u.conns) == 0 {
		us.absent++
		g.online.report(u.id, false)
	}
}

// sweep forgets those who have gone and could be as fast as ever again.
func (us *users) sweep(now time.Time, o *Options) {
	us.mu.Lock()
	defer us.mu.Unlock()
	for id, u := range us.byID {
		if len(u.conns) == 0 && u.rested(now, o) {
			delete(us.byID, id)
			us.absent--
		}
	}
}

// get returns the entry of a connected user.
func (us *users) get(id store.UserID) *user {
	us.mu.Lock()
	defer us.mu.Unlock()
	if u := us.byID[id]; u != nil {
		return u
	}
	return &user{id: id} // disconnected meanwhile
}

// of returns the connections of a user.
func (us *users) of(id store.UserID) []Conn {
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID[id]
	if u == nil {
		return nil
	}
	return append([]Conn(nil), u.conns...)
}

// present calls fn with everybody who is connected. Nobody comes or goes meanwhile.
func (us *users) present(fn func(store.UserID)) {
	us.mu.Lock()
	defer us.mu.Unlock()
	for id, u := range us.byID {
		if len(u.conns) > 0 {
			fn(id)
		}
	}
}

// whether calls fn with each of ids, and whether that user is connected. Nobody
// comes or goes meanwhile.
func (us *users) whether(ids map[store.UserID]struct{}, fn func(id store.UserID, connected bool)) {
	us.mu.Lock()
	defer us.mu.Unlock()
	for id := range ids {
		u := us.byID[id]
		fn(id, u != nil && len(u.conns) > 0)
	}
}
