package room

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// confirmEvery is the gap between confirmations if Options.MemberCache is off.
const confirmEvery = 15 * time.Second

// maxConfirm is how many memberships are confirmed in one call.
const maxConfirm = 250

// A confirmer checks again and again whether the users in the rooms are still
// members, because the event that ended a membership may not have reached the bus. A
// join may use an answer that is half of MemberCache old; half of MemberCache later at
// most, it is confirmed.
type confirmer struct {
	members *membership.Checker
	work    *work.Group
	log     *slog.Logger
	// stamp is the clock of Seat.checked.
	stamp func() int64
	// rooms returns all rooms.
	rooms func() []*room
	// now makes run confirm at once.
	now chan struct{}
}

// missed drops all cached answers and makes run confirm at once: events that ended
// memberships may be missing.
func (c *confirmer) missed() {
	c.members.RevokeAll()
	select {
	case c.now <- struct{}{}:
	default: // the confirmation that is due comes after this
	}
}

// run confirms until the work group ends. keep is Options.MemberCache.
func (c *confirmer) run(keep time.Duration) {
	every := confirmEvery
	if keep > 0 {
		every = max(keep/2, time.Second)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-c.work.Context().Done():
			return
		case <-tick.C:
		case <-c.now:
		}
		err := c.confirmAll()
		if err != nil && !failed && !c.work.Ended() {
			c.log.Warn("memberships not confirmed; trying again", "err", err)
		}
		failed = err != nil
	}
}

// confirmAll confirms all seats, one batch after the other. It returns one of the
// errors.
func (c *confirmer) confirmAll() (err error) {
	seats := make(map[store.Membership][]*Seat)
	for _, r := range c.rooms() {
		var ofRoom []*Seat
		r.inbox.call(func() { ofRoom = append(ofRoom, r.seats...) })
		for _, s := range ofRoom {
			m := s.membership()
			seats[m] = append(seats[m], s)
			if len(seats) == maxConfirm {
				err = cmp.Or(c.confirm(seats), err)
				clear(seats)
			}
			if c.work.Ended() {
				return err
			}
		}
	}
	return cmp.Or(c.confirm(seats), err)
}

// confirm checks memberships in one call, and removes the seats whose membership does
// not exist. A seat stays if the check of its membership failed.
func (c *confirmer) confirm(seats map[store.Membership][]*Seat) (err error) {
	ms := make([]store.Membership, 0, len(seats))
	for m := range seats {
		ms = append(ms, m)
	}
	begin := c.stamp()
	for m, answer := range c.members.CheckAll(ms) {
		switch {
		case answer.Err == nil:
			for _, s := range seats[m] {
				s.role.Store(uint32(answer.Role))
				s.checked.Store(begin)
			}
		case errors.Is(answer.Err, ErrForbidden):
			c.members.Revoke(m)
			for _, s := range seats[m] {
				s.revoke(begin)
			}
		default:
			err = answer.Err
		}
	}
	return err
}
