package room

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/coupchat/coup/store"
)

// confirmEvery is the gap between confirmations if MemberCache says nothing.
const confirmEvery = 15 * time.Second

// maxConfirm is how many memberships are confirmed in one call.
const maxConfirm = 250

// confirm asks again whether those who sit in rooms may: all the time, since news
// of a kick may have been lost before they came to the bus, and at once after a
// subscription had a gap. It ends with the registry. Half as often as memberships
// are believed is often enough to have whoever was put out gone by then.
func (g *Registry) confirm() {
	every := confirmEvery
	if g.opts.MemberCache > 0 {
		every = g.opts.MemberCache / 2
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-g.life.Done():
			return
		case <-tick.C:
		case <-g.missed:
			for i := range g.revoked {
				g.revoked[i].Add(1) // no answer from before is to be believed
			}
			g.members.forgetAll()
		}
		g.confirmAll()
	}
}

// missedNews has all memberships confirmed soon, and believes none until then.
func (g *Registry) missedNews() {
	select {
	case g.missed <- struct{}{}:
	default: // it will be looked at after this
	}
}

// confirmAll asks for everybody, one batch after the other.
func (g *Registry) confirmAll() {
	asked := make(map[store.Membership][]*Seat)
	for _, r := range g.all() {
		var seats []*Seat
		r.call(func() { seats = append(seats, r.seats...) })
		for _, s := range seats {
			m := store.Membership{StudyID: r.study, UserID: s.user.id}
			asked[m] = append(asked[m], s)
			if len(asked) == maxConfirm {
				g.confirmSome(asked)
				clear(asked)
			}
		}
		if g.life.Err() != nil {
			return
		}
	}
	if len(asked) > 0 {
		g.confirmSome(asked)
	}
}

// confirmSome takes the seats of those who are members no more. Whom nobody can
// tell us about stays.
func (g *Registry) confirmSome(asked map[store.Membership][]*Seat) {
	of := make([]store.Membership, 0, len(asked))
	for m := range asked {
		of = append(of, m)
	}
	begin := g.now().UnixNano()
	for m, err := range g.roles(of) {
		for _, s := range asked[m] {
			if err == nil {
				s.checked.Store(begin)
			} else if errors.Is(err, ErrForbidden) {
				g.members.forget(membership{m.StudyID, m.UserID})
				s.room.later(func() { s.room.expel(MembershipLost, func(o *Seat) bool { return o == s }) })
			}
		}
	}
}

// roles returns nil for each membership that there is, ErrForbidden where there is
// none, and another error where that cannot be told.
func (g *Registry) roles(of []store.Membership) map[store.Membership]error {
	answers := make(map[store.Membership]error, len(of))
	batch, ok := g.opts.Members.(store.BatchMembers)
	if !ok {
		for _, m := range of {
			answers[m] = g.ask(g.life, m.StudyID, m.UserID)
		}
		return answers
	}
	ctx, cancel := g.deadline(g.life)
	defer cancel()
	roles, err := g.batch(ctx, batch, of)
	for _, m := range of {
		if _, member := roles[m]; !member {
			answers[m] = cmp.Or(err, ErrForbidden)
		} else {
			answers[m] = nil
		}
	}
	return answers
}

// batch asks a backend whose bugs are errors like others.
func (g *Registry) batch(ctx context.Context, members store.BatchMembers, of []store.Membership) (roles map[store.Membership]string, err error) {
	defer contain(&err)
	return members.Roles(ctx, of)
}
