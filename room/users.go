package room

import "sync"

// users knows the connections of each user on this hub.
type users struct {
	mu   sync.Mutex // guards byID and the members of every user
	byID map[UserID]*user
}

type user struct {
	id      UserID
	members []Member // guarded by users.mu

	mu           sync.Mutex // guards posts, joins
	posts, joins bucket
}

// Connect registers a connection of its user, who is then online. It returns
// ErrTooMany or ErrClosed.
func (g *Registry) Connect(m Member) error {
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
	}
	if g.opts.MaxPerUser >= 0 && len(u.members) >= g.opts.MaxPerUser {
		return ErrTooMany
	}
	u.members = append(u.members, m)
	if len(u.members) == 1 {
		g.online.report(u.id, true)
	}
	return nil
}

// Disconnect forgets a connection that Connect took. With the last one of a user
// here, this hub no longer says that they are online.
func (g *Registry) Disconnect(m Member) {
	us := &g.users
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID[m.User()]
	if u == nil {
		return
	}
	for i, have := range u.members {
		if have == m {
			last := len(u.members) - 1
			u.members[i], u.members[last] = u.members[last], nil
			u.members = u.members[:last]
			break
		}
	}
	if len(u.members) == 0 {
		delete(us.byID, u.id)
		g.online.report(u.id, false)
	}
}

// get returns the entry of a connected user.
func (us *users) get(id UserID) *user {
	us.mu.Lock()
	defer us.mu.Unlock()
	if u := us.byID[id]; u != nil {
		return u
	}
	return &user{id: id} // disconnected meanwhile
}

// of returns the connections of a user.
func (us *users) of(id UserID) []Member {
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.byID[id]
	if u == nil {
		return nil
	}
	return append([]Member(nil), u.members...)
}

// ids returns who is connected.
func (us *users) ids() []UserID {
	us.mu.Lock()
	defer us.mu.Unlock()
	ids := make([]UserID, 0, len(us.byID))
	for id := range us.byID {
		ids = append(ids, id)
	}
	return ids
}
