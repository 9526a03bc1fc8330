package room

import (
	"cmp"
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
// subscription had a gap. It ends with the registry. A join may be let in on what
// was known half a MemberCache ago, and is confirmed half of one later at most.
func (g *Registry) confirm() {
	every := confirmEvery
	if g.opts.MemberCache > 0 {
		every = max(g.opts.MemberCache/2, time.Second)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-g.life.Done():
			return
		case <-tick.C:
		case <-g.missed:
		}
		err := g.confirmAll()
		if err != nil && !failed && g.life.Err() == nil {
			g.opts.Log.Warn("memberships not confirmed; trying again", "err", err)
		}
		failed = err != nil
	}
}

// missedNews believes no membership any more, and has all confirmed soon.
func (g *Registry) missedNews() {
	for i := range g.revoked {
		g.revoked[i].Add(1) // no answer from before is to be believed
	}
	g.members.forgetAll()
	select {
	case g.missed <- struct{}{}:
	default: // it will be looked at after this
	}
}

// confirmAll asks for everybody, one batch after the other. It returns one of the
// errors, if there were any.
func (g *Registry) confirmAll() (err error) {
	asked := make(map[store.Membership][]*Seat)
	for _, r := range g.all() {
		var seats []*Seat
		r.call(func() { seats = append(seats, r.seats...) })
		for _, s := range seats {
			m := store.Membership{StudyID: r.study, UserID: s.user.id}
			asked[m] = append(asked[m], s)
			if len(asked) == maxConfirm {
				err = cmp.Or(g.confirmSome(asked), err)
				clear(asked)
			}
			if g.life.Err() != nil {
				return err
			}
		}
	}
	return cmp.Or(g.confirmSome(asked), err)
}

// confirmSome takes the seats of those who are members no more. Whom nobody can
// tell us about stays.
func (g *Registry) confirmSome(asked map[store.Membership][]*Seat) (err error) {
	of := make([]store.Membership, 0, len(asked))
	for m := range asked {
		of = append(of, m)
	}
	begin := g.stamp()
	for m, answer := range g.roles(of) {
		switch {
		case answer == nil:
			for _, s := range asked[m] {
				s.checked.Store(begin)
			}
		case errors.Is(answer, ErrForbidden):
			g.revoke(m.StudyID, m.UserID)
			for _, s := range asked[m] {
				s.room.later(func() {
					// Who has joined again since was let in on a newer answer.
					s.room.expel(MembershipLost, func(o *Seat) bool { return o == s && s.checked.Load() <= begin })
				})
			}
		default:
			err = answer
		}
	}
	return err
}

// roles returns nil for each membership that there is, ErrForbidden where there is
// none, and another error where that cannot be told. Who is missing was not asked
// for: the registry ends.
func (g *Registry) roles(of []store.Membership) map[store.Membership]error {
	answers := make(map[store.Membership]error, len(of))
	if len(of) == 0 {
		return answers
	}
	roles, err := g.batch(of)
	if errors.Is(err, errors.ErrUnsupported) {
		for _, m := range of {
			if g.life.Err() != nil {
				break
			}
			answers[m] = g.ask(g.life, m.StudyID, m.UserID)
		}
		return answers
	}
	for _, m := range of {
		if _, member := roles[m]; member {
			answers[m] = nil
		} else {
			answers[m] = cmp.Or(err, ErrForbidden)
		}
	}
	return answers
}

// batch asks for many memberships at once, where the backend can.
func (g *Registry) batch(of []store.Membership) (map[store.Membership]string, error) {
	ctx, cancel := g.deadline(g.life)
	defer cancel()
	return g.store.Roles(ctx, of)
}
