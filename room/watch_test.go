package room_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func names(users []room.OnlineUser) (ids []string) {
	for _, u := range users {
		ids = append(ids, string(u.UserID))
	}
	return ids
}

func TestAClientHearsWhoIsInTheRoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := pair(t, room.Options{})
		jun := connect(t, b, "jun")
		left := join(t, b, jun, room.JoinRequest{}).Seat
		after(time.Hour) // nobody has asked for long
		mina := connect(t, a, "mina")
		j := join(t, a, mina, room.JoinRequest{Presence: true})
		if got := names(j.Online); !slices.Equal(got, []string{"mina"}) || j.OnlineCount != 1 {
			t.Errorf("at first: %v, %d", got, j.OnlineCount)
		}
		after(time.Second)
		mina.expect(t, "jun in")

		second := connect(t, a, "jun") // the same user again, on the other hub
		on := join(t, a, second, room.JoinRequest{}).Seat
		sora := connect(t, b, "sora")
		join(t, b, sora, room.JoinRequest{})
		left.Leave(func() {})
		after(time.Second)
		mina.expect(t, "sora in")
		on.Leave(func() {})
		after(time.Second)
		mina.expect(t, "jun out")

		j = join(t, a, connect(t, a, "late"), room.JoinRequest{Presence: true})
		if got := names(j.Online); !slices.Equal(got, []string{"late", "mina", "sora"}) || j.OnlineCount != 3 {
			t.Errorf("later: %v, %d", got, j.OnlineCount)
		}
		mina.expect(t, "late in")
		sora.expect(t) // did not ask
		after(time.Hour)
		mina.expect(t)
	})
}

func TestAHubThatOpensTheRoomIsHeardAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := pair(t, room.Options{})
		mina := connect(t, a, "mina")
		join(t, a, mina, room.JoinRequest{Presence: true})
		after(5 * time.Second)
		for _, user := range []store.UserID{"jun", "sora"} {
			join(t, b, connect(t, b, user), room.JoinRequest{})
		}
		after(time.Second)
		mina.expect(t, "jun in", "sora in")
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTheUsersOfAHubThatWasKilledAreGoneAfter30Seconds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, ofB := pair(t, room.Options{})
		mina := connect(t, a, "mina")
		join(t, a, mina, room.JoinRequest{Presence: true})
		join(t, b, connect(t, b, "jun"), room.JoinRequest{})
		after(time.Minute)
		mina.expect(t, "jun in")
		ofB.dead.Store(true)
		after(19 * time.Second)
		mina.expect(t)
		after(12 * time.Second)
		mina.expect(t, "jun out")
		ofB.dead.Store(false) // it was only cut off
		after(11 * time.Second)
		mina.expect(t, "jun in")
	})
}

func TestOfMoreThan200OnlyTheNumberIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := pair(t, room.Options{})
		mina := connect(t, a, "mina")
		join(t, a, mina, room.JoinRequest{Presence: true})
		var seats []*room.Seat
		for i := range 250 {
			g := []*room.Registry{a, b}[i%2]
			seats = append(seats, join(t, g, connect(t, g, store.UserID(fmt.Sprint("u", i))), room.JoinRequest{}).Seat)
		}
		after(5 * time.Second)
		got := mina.received()
		if last := got[len(got)-1]; last != "251 in" || len(got) > 210 {
			t.Errorf("%d events, the last is %q, want 251 in", len(got), last)
		}
		j := join(t, a, connect(t, a, "late"), room.JoinRequest{Presence: true})
		if len(j.Online) != 200 || j.OnlineCount != 252 {
			t.Errorf("a join names %d of %d, want 200 of 252", len(j.Online), j.OnlineCount)
		}
		after(5 * time.Second)
		mina.expect(t, "252 in")
		for _, s := range seats[:100] {
			s.Leave(func() {})
		}
		after(5 * time.Second)
		seen := map[string]bool{}
		for _, e := range mina.received() {
			seen[e] = true
		}
		for i := 100; i < 250; i++ {
			if !seen[fmt.Sprintf("u%d in", i)] {
				t.Errorf("u%d is not named again", i)
			}
		}
	})
}

// A user may leave before the other hub could ask.
func TestAVisitOfAMomentIsHeard(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := pair(t, room.Options{})
		mina := connect(t, a, "mina")
		join(t, a, mina, room.JoinRequest{Presence: true})
		join(t, b, connect(t, b, "jun"), room.JoinRequest{}).Seat.Leave(func() {})
		after(time.Second)
		mina.expect(t, "jun in", "jun out")
	})
}
