package room_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestALostMembershipIsNoticedWithoutAnyEvent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		g := newRegistry(t, room.Options{Members: &members})
		m := connect(t, g, "mina")
		join(t, g, m, room.JoinRequest{})
		members.down.Store(true)
		after(time.Minute)
		m.expect(t) // nobody can tell
		members.down.Store(false)
		members.gone.Store(true)
		after(15 * time.Second)
		m.expect(t, "-membership_lost")
		if _, err := tryJoin(g, m, room.JoinRequest{}); !errors.Is(err, room.ErrForbidden) {
			t.Errorf("join = %v, want ErrForbidden", err)
		}
	})
}

// A backend without batches gets one call for each user, each with its own deadline.
func TestMembershipsAreConfirmedOneByOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		members.oneByOne.Store(true)
		members.takes = 20 * time.Millisecond
		g := newRegistry(t, room.Options{Members: &members})
		var out []*testConn
		for i := range 300 {
			m := connect(t, g, store.UserID(fmt.Sprint("u", i)))
			join(t, g, m, room.JoinRequest{})
			out = append(out, m)
		}
		members.gone.Store(true)
		after(21 * time.Second) // 15 s, and 6 s for all
		for _, m := range out {
			m.expect(t, "-membership_lost")
		}
	})
}

// A join may use a cached answer. The connection must not stay long because of it.
func TestJoiningAgainDoesNotExtendALostMembership(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		g := newRegistry(t, room.Options{Members: &members})
		m := connect(t, g, "mina")
		j := join(t, g, m, room.JoinRequest{})
		members.gone.Store(true) // and no event says so
		lost := time.Now()
		j.Seat.Leave(func() {})
		for time.Since(lost) < 30*time.Second {
			j, err := tryJoin(g, m, room.JoinRequest{})
			if err == nil {
				j.Seat.Leave(func() {})
			}
			after(100 * time.Millisecond)
		}
		if _, err := tryJoin(g, m, room.JoinRequest{}); !errors.Is(err, room.ErrForbidden) {
			t.Errorf("join after 30 s = %v, want ErrForbidden", err)
		}
	})
}

func TestMembershipsAreConfirmedInBatches(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		g := newRegistry(t, room.Options{Members: &members, MemberCache: 30 * time.Second})
		stays := connect(t, g, "stays")
		join(t, g, stays, room.JoinRequest{})
		var out []*testConn
		for i := range 600 {
			m := connect(t, g, store.UserID(fmt.Sprint("u", i)))
			join(t, g, m, room.JoinRequest{})
			out = append(out, m)
		}
		members.asked.Store(false)
		after(15 * time.Second)
		members.down.Store(true)
		after(15 * time.Second)
		stays.expect(t)
		members.down.Store(false)
		members.gone.Store(true)
		after(15 * time.Second)
		for _, m := range out {
			m.expect(t, "-membership_lost")
		}
		stays.expect(t)
		if n := members.batches.Load(); members.asked.Load() || n != 9 {
			t.Errorf("601 members were confirmed three times in %d batches, one by one: %v; want 9", n, members.asked.Load())
		}
	})
}
