package room

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// watch makes the room know who is here, for a seat or for another hub.
func (r *room) watch() *roster {
	if r.roster == nil {
		r.roster = &roster{users: map[store.UserID]*present{}, hubs: map[store.NodeID]*hubUsers{}}
		for _, s := range r.seats {
			r.roster.enter(s.user.id, s.conn)
		}
		r.roster.over = r.roster.count() > maxNamed
		r.shared.present(r, true)
	}
	return r.roster
}

// watchedBy makes a seat hear who comes and goes, and returns who is here.
func (r *room) watchedBy(s *Seat) ([]OnlineUser, int) {
	if !s.watches {
		s.watches = true
		r.ask()
	}
	return r.roster.online(), r.roster.count()
}

// ask makes the room hear who is here until the caller decreases watchers, and returns how long the
// answers of the other hubs may take.
func (r *room) ask() time.Duration {
	p := r.watch()
	p.watchers++
	if p.watchers == 1 {
		p.asked = time.Now()
		r.tellUsers(true)
	}
	return time.Second - time.Since(p.asked)
}

// entered tells everybody that a seat came.
func (r *room) entered(s *Seat) {
	p := r.roster
	if p == nil {
		if len(r.seats) == 1 { // another hub may want to know: it will ask for the others
			l := relay.Live{Type: livePresence, Count: 1, Users: []relay.User{{ID: s.user.id, Name: nameOf(s.conn)}}}
			r.shared.tell(r.study, l)
		}
		return
	}
	known := p.users[s.user.id] != nil
	if p.enter(s.user.id, s.conn) {
		r.changed(s.user.id, p.users[s.user.id].name, true, known)
		r.tellUsers(false)
	}
}

// exited tells everybody that a seat left.
func (r *room) exited(s *Seat) {
	p := r.roster
	if p == nil {
		if len(r.seats) == 0 { // another hub may want to know, and not have asked yet
			r.shared.tell(r.study, relay.Live{Type: livePresence})
		}
		return
	}
	if s.watches {
		p.watchers--
	}
	u := p.users[s.user.id]
	if u.seats--; u.seats > 0 {
		return
	}
	p.local--
	if u.hubs == 0 {
		delete(p.users, s.user.id)
	}
	r.changed(s.user.id, u.name, false, u.hubs > 0)
	r.tellUsers(len(r.seats) == 0) // the last one: the room ends here
}

// changed tells those who watch that a user came or left, unless the user was there all the time.
func (r *room) changed(user store.UserID, name string, online, same bool) {
	p := r.roster
	if same {
		return
	}
	switch over := p.count() > maxNamed; {
	case over:
		p.over = true
		r.tellCount()
	case p.over: // few enough to be named again
		p.over = false
		for _, u := range p.online() {
			r.tellWatchers(&Live{UserID: u.UserID, UserName: u.UserName, Online: true})
		}
	default:
		r.tellWatchers(&Live{UserID: user, UserName: name, Online: online})
	}
}

// tellCount tells those who watch how many users are here, if that has changed and some time ago
// was told last.
func (r *room) tellCount() {
	p := r.roster
	if n := p.count(); p.over && n != p.counted && time.Since(p.countedAt) >= countPause {
		p.counted, p.countedAt = n, time.Now()
		r.tellWatchers(&Live{Count: n})
	}
}

func (r *room) tellWatchers(l *Live) {
	if r.roster.watchers > 0 {
		r.pass(Present, l, func(s *Seat) bool { return s.watches })
	}
}

// tellUsers tells the other hubs who is here: at once, or with other changes in a moment.
func (r *room) tellUsers(now bool) {
	p := r.roster
	pause := presencePause
	if p.local > maxNamed {
		pause = countPause
	}
	if wait := pause - time.Since(p.told); wait > 0 && !now {
		if !p.later {
			p.later = true
			time.AfterFunc(wait, func() {
				r.inbox.later(func() {
					if p.later && r.roster == p {
						r.tellUsers(true)
					}
				})
			})
		}
		return
	}
	p.told, p.later = time.Now(), false
	if p.watchers == 0 && time.Since(p.wanted) > presenceFor {
		return // nobody wants to know
	}
	l := relay.Live{Type: livePresence, Count: p.local, Want: p.watchers > 0}
	if p.local <= maxNamed {
		for id, u := range p.users {
			if u.seats > 0 {
				l.Users = append(l.Users, relay.User{ID: id, Name: u.name})
			}
		}
	}
	r.shared.tell(r.study, l)
}

// hearUsers takes what another hub tells of its users.
func (r *room) hearUsers(from store.NodeID, l relay.Live) {
	if len(l.Users) > maxNamed || l.Count < 0 || r.roster == nil && (!l.Want || len(r.seats) == 0) {
		return
	}
	p := r.watch()
	known := p.hubs[from] != nil
	r.hubHas(from, l.Users, max(0, l.Count-len(l.Users)))
	if l.Want {
		p.wanted = time.Now()
	}
	if !known && (l.Want || p.watchers > 0) {
		r.tellUsers(false)
	}
}

// hubHas notes which users another hub has.
func (r *room) hubHas(from store.NodeID, users []relay.User, more int) {
	p := r.roster
	before := p.hubs[from]
	if before == nil {
		before = &hubUsers{}
	}
	now := &hubUsers{more: more, heard: time.Now()}
	had := make(map[store.UserID]bool, len(before.users))
	for _, id := range before.users {
		had[id] = true
	}
	p.hubs[from] = now
	for _, u := range users {
		if !store.ValidID(u.ID) || slices.Contains(now.users, u.ID) {
			continue
		}
		now.users = append(now.users, u.ID)
		if had[u.ID] {
			delete(had, u.ID)
			continue
		}
		known := p.users[u.ID] != nil
		is := p.get(u.ID)
		is.hubs++
		if is.seats == 0 {
			is.name = u.Name
		}
		r.changed(u.ID, is.name, true, known)
	}
	for id := range had {
		is := p.users[id]
		if is.hubs--; is.hubs == 0 && is.seats == 0 {
			delete(p.users, id)
			r.changed(id, is.name, false, false)
		}
	}
	if now.more == 0 && len(now.users) == 0 {
		delete(p.hubs, from)
	}
	if now.more != before.more {
		r.recount()
	}
}

// recount is changed where only the number has.
func (r *room) recount() {
	if p := r.roster; p.over || p.count() > maxNamed {
		r.changed("", "", false, false)
	}
}

// tendRoster repeats what the others must not forget, and forgets hubs that are silent. It is
// called once a second.
func (r *room) tendRoster() {
	p := r.roster
	if p == nil {
		return
	}
	for node, h := range p.hubs {
		if time.Since(h.heard) > presenceFor {
			r.hubHas(node, nil, 0)
		}
	}
	r.tellCount()
	if p.watchers == 0 && (time.Since(p.wanted) > presenceFor || len(r.seats) == 0) {
		r.roster = nil
		r.shared.present(r, false)
		return
	}
	if time.Since(p.told) >= presenceEvery {
		r.tellUsers(true)
	}
}

// presentRooms are the rooms that have a roster. Its methods may be called at the same time from
// any goroutine.
type presentRooms struct {
	mu    sync.Mutex // guards rooms
	rooms map[*room]struct{}
}

// set notes whether a room has a roster.
func (p *presentRooms) set(r *room, has bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !has {
		delete(p.rooms, r)
		return
	}
	if p.rooms == nil {
		p.rooms = map[*room]struct{}{}
	}
	p.rooms[r] = struct{}{}
}

// run tends to the rosters of all rooms until the work group ends.
func (p *presentRooms) run(w *work.Group) {
	for w.Sleep(time.Second) {
		p.mu.Lock()
		rooms := slices.Collect(maps.Keys(p.rooms))
		p.mu.Unlock()
		for _, r := range rooms {
			r.inbox.later(r.tendRoster)
		}
	}
}
