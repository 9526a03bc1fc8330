package room_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
)

// A membership is believed for a quarter of MemberCache at least and half of it at
// most; half of it later whoever sits in the room is asked for again.
func TestAMembershipIsBelievedForAWhile(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first time.Duration // when it is asked for, after the cache was first used
		other time.Duration // when the cache is used for somebody else
		again time.Duration // when it is needed again
		want  bool
	}{
		{"a moment", 0, 0, time.Second, true},
		{"across a turn", 14 * time.Second, 14 * time.Second, 16 * time.Second, true},
		{"a quarter", 7 * time.Second, 8 * time.Second, 14400 * time.Millisecond, true},
		{"too long", 0, 14 * time.Second, 16 * time.Second, false},
		{"too long, after a late turn", 0, 14 * time.Second, 21 * time.Second, false},
		{"too long, and nobody looked meanwhile", 0, 0, 29 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var members register
				g := hub(t, room.Options{Members: &members, MemberCache: 30 * time.Second})
				other, m := enter(t, g, "other"), enter(t, g, "mina")
				join(t, g, other, room.JoinRequest{StudyID: "s2"}).Seat.Leave(func() {})
				after(tt.first)
				join(t, g, m, room.JoinRequest{}).Seat.Leave(func() {})
				after(tt.other - tt.first)
				join(t, g, other, room.JoinRequest{StudyID: "s2"}).Seat.Leave(func() {})
				members.gone.Store(true)
				after(tt.again - tt.other)
				if _, err := tryJoin(g, m, room.JoinRequest{}); (err == nil) != tt.want || err != nil && !errors.Is(err, room.ErrForbidden) {
					t.Errorf("join = %v, believed should be %v", err, tt.want)
				}
			})
		})
	}
}

func TestNewsOfMembershipsAreNotHeldBackByTheCache(t *testing.T) {
	for _, tt := range []struct {
		event room.StudyEvent
		tells []string
	}{
		{room.StudyEvent{Type: room.MemberApproved, StudyID: "s1", UserID: "mina", Message: "welcome"}, []string{"!welcome"}},
		{room.StudyEvent{Type: room.StudyDeleted, StudyID: "s1"}, []string{"-study_deleted"}},
		{room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "mina", Message: "out"}, []string{"-kicked", "!out"}},
	} {
		t.Run(tt.event.Type, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var members register
				news := bus.NewMemory()
				defer news.Close()
				g := hub(t, room.Options{Members: &members, Bus: news, MemberCache: time.Hour})
				m := enter(t, g, "mina")
				join(t, g, m, room.JoinRequest{})
				members.gone.Store(true)
				if err := (room.Publisher{Bus: news}).Announce(t.Context(), tt.event); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				m.expect(t, tt.tells...)
				if _, err := tryJoin(g, m, room.JoinRequest{}); !errors.Is(err, room.ErrForbidden) {
					t.Errorf("join = %v, want ErrForbidden", err)
				}
			})
		})
	}
}

func TestJoinsAreLimited(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{})
		m := enter(t, g, "mina")
		// A join takes a moment, in which something is regained.
		var slow *room.RateError
		joins := 0
		for ; slow == nil && joins < 300; joins++ {
			j, err := tryJoin(g, m, room.JoinRequest{})
			if err == nil {
				j.Seat.Leave(func() {})
			} else if !errors.As(err, &slow) {
				t.Fatal(err)
			}
		}
		if joins < 200 || slow == nil || slow.RetryAfter <= 0 || slow.RetryAfter > time.Second {
			t.Fatalf("join %d ended in %v, want a RateError of less than a second after 200", joins, slow)
		}
		join(t, g, enter(t, g, "jun"), room.JoinRequest{})
		after(slow.RetryAfter)
		join(t, g, m, room.JoinRequest{})
	})
}
