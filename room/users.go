package room

import (
	"sync"
	"time"

	"github.com/coupchat/coup/internal/few"
	"github.com/coupchat/coup/internal/index"
	"github.com/coupchat/coup/store"
)

// users holds the connections of each user on this hub.
type users struct {
	// report is called when a user connects first or disconnects last. mu is held, so
	// that reports have the order of the changes.
	report func(user store.UserID, online bool)

	mu     sync.Mutex // guards what follows and the conns of every user
	byID   index.Index[*user]
	absent int // users in byID without connections
}

// A user has connections here, or had some a short time ago: a user who reconnects
// keeps the used limits.
type user struct {
	id     store.UserID
	conns  few.Set[Conn] // guarded by users.mu
	limits limits
}

// key is what a user is found by.
func (u *user) key() string { return string(u.id) }

// connect adds a connection. It returns ErrTooMany if the user has limit connections;
// a limit below 0 is none.
func (us *users) connect(c Conn, limit int) error {
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID.Get(string(c.User()))
	if u == nil {
		u = &user{id: c.User()}
		us.byID.Put(u)
		us.absent++
	}
	if limit >= 0 && u.conns.Len() >= limit {
		return ErrTooMany
	}
	u.conns.Add(c)
	if u.conns.Len() == 1 {
		us.absent--
		us.report(u.id, true)
	}
	return nil
}

// disconnect removes a connection, if it is there.
func (us *users) disconnect(c Conn) {
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID.Get(string(c.User()))
	if u == nil {
		return
	}
	if u.conns.Remove(c) && u.conns.Len() == 0 {
		us.absent++
		us.report(u.id, false)
	}
}

// sweep removes the users who have no connections and full limits.
func (us *users) sweep(now time.Time, rate float64) {
	us.mu.Lock()
	defer us.mu.Unlock()
	var gone []*user
	for u := range us.byID.All() {
		if u.conns.Len() == 0 && u.limits.full(now, rate) {
			gone = append(gone, u)
		}
	}
	for _, u := range gone {
		us.byID.Remove(u.key())
	}
	us.absent -= len(gone)
}

// get returns a connected user.
func (us *users) get(id store.UserID) *user {
	us.mu.Lock()
	defer us.mu.Unlock()
	if u := us.byID.Get(string(id)); u != nil {
		return u
	}
	return &user{id: id} // the user has disconnected since
}

// of returns the connections of a user.
func (us *users) of(id store.UserID) []Conn {
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID.Get(string(id))
	if u == nil {
		return nil
	}
	return u.conns.All()
}

// count returns how many users have connections.
func (us *users) count() int {
	us.mu.Lock()
	defer us.mu.Unlock()
	return us.byID.Len() - us.absent
}

// online calls fn with each of ids and whether that user has a connection. Without
// ids it calls fn with every user who has one. Nobody connects or disconnects
// meanwhile.
func (us *users) online(ids map[store.UserID]struct{}, fn func(id store.UserID, online bool)) {
	us.mu.Lock()
	defer us.mu.Unlock()
	if ids == nil {
		for u := range us.byID.All() {
			if u.conns.Len() > 0 {
				fn(u.id, true)
			}
		}
		return
	}
	for id := range ids {
		u := us.byID.Get(string(id))
		fn(id, u != nil && u.conns.Len() > 0)
	}
}
