package room

import (
	"cmp"
	"slices"
	"time"

	"github.com/coupchat/coup/store"
)

const (
	// maxNamed is how many users of a room are named. Of more, only the number is told.
	maxNamed = 200
	// presenceEvery is how often a hub repeats who is in a room, and presenceFor how long that
	// is believed.
	presenceEvery = 10 * time.Second
	presenceFor   = 30 * time.Second
	// presencePause is the least time between two changes that a hub tells, and countPause that
	// between two numbers.
	presencePause = 300 * time.Millisecond
	countPause    = 2 * time.Second
)

// A Named is a Conn that knows the name of its user.
type Named interface {
	UserName() string
}

func nameOf(c Conn) string {
	if named, ok := c.(Named); ok {
		return named.UserName()
	}
	return ""
}

// An OnlineUser is a user who has a connection in a room, on any hub.
type OnlineUser struct {
	UserID   store.UserID
	UserName string
}

// A roster is who is in a room. A room has a roster while somebody wants to know it, here or on another
// hub.
type roster struct {
	// users are all who are known by name.
	users map[store.UserID]*present
	// hubs is what other hubs have told.
	hubs map[store.NodeID]*hubUsers
	// local is how many users are here.
	local int
	// wanted is when another hub last asked.
	wanted time.Time
	// watchers is how many seats and callers of Who want to know, and asked when the first came.
	watchers int
	asked    time.Time
	// over says that there are more than maxNamed, and counted is what was last told then, at
	// countedAt.
	over      bool
	counted   int
	countedAt time.Time
	// told is when the other hubs were last told. later says that a change waits to be told.
	told  time.Time
	later bool
}

// A present is a user in a room.
type present struct {
	name  string
	seats int // here
	hubs  int // how many others have the user
}

// hubUsers is what another hub has told.
type hubUsers struct {
	users []store.UserID
	more  int // how many it has not named
	heard time.Time
}

// count returns how many users are in the room.
func (p *roster) count() int {
	n := len(p.users)
	for _, h := range p.hubs {
		n += h.more
	}
	return n
}

// online returns the users by name, at most maxNamed.
func (p *roster) online() []OnlineUser {
	users := make([]OnlineUser, 0, min(len(p.users), maxNamed))
	for id, u := range p.users {
		if len(users) == maxNamed {
			break
		}
		users = append(users, OnlineUser{id, u.name})
	}
	slices.SortFunc(users, func(a, b OnlineUser) int {
		if a.UserName != b.UserName {
			return cmp.Compare(a.UserName, b.UserName)
		}
		return cmp.Compare(a.UserID, b.UserID)
	})
	return users
}

// get returns a user, who may have to be added.
func (p *roster) get(id store.UserID) *present {
	u := p.users[id]
	if u == nil {
		u = &present{}
		p.users[id] = u
	}
	return u
}

// enter notes that a seat came. It reports whether its user was not here before.
func (p *roster) enter(user store.UserID, c Conn) (first bool) {
	u := p.get(user)
	u.name = nameOf(c)
	u.seats++
	if u.seats == 1 {
		p.local++
	}
	return u.seats == 1
}
