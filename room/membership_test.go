package room_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestEventsAboutAMembershipDropTheCachedAnswer(t *testing.T) {
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
				events := bus.NewMemory()
				defer events.Close()
				g := newRegistry(t, room.Options{Members: &members, Bus: events, MemberCache: time.Hour})
				m := connect(t, g, "mina")
				join(t, g, m, room.JoinRequest{})
				members.gone.Store(true)
				if err := (room.Publisher{Bus: events}).Announce(t.Context(), tt.event); err != nil {
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

// joinDuring calls end, which ends the membership, while a join waits for the answer of
// Members, which still is that the user is a member. The join must fail.
func joinDuring(t *testing.T, opts room.Options, end func()) (*room.Registry, *testConn) {
	t.Helper()
	var gone atomic.Bool
	asked, answer := make(chan struct{}, 4), make(chan struct{})
	opts.Members = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
		was := gone.Load()
		asked <- struct{}{}
		<-answer
		if was {
			return "", store.ErrNotFound
		}
		return "member", nil
	})
	g := newRegistry(t, opts)
	m := connect(t, g, "mina")
	result := make(chan error)
	go func() { _, err := tryJoin(g, m, room.JoinRequest{}); result <- err }()
	<-asked
	gone.Store(true)
	end()
	close(answer)
	if err := <-result; !errors.Is(err, room.ErrForbidden) {
		t.Errorf("Join = %v, want ErrForbidden", err)
	}
	return g, m
}

func TestAJoinDuringAKickChecksAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := bus.NewMemory()
		defer b.Close()
		g, m := joinDuring(t, room.Options{Bus: b}, func() {
			if err := (room.Publisher{Bus: b}).Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "mina", Message: "out"}); err != nil {
				t.Fatal(err)
			}
		})
		m.expect(t, "!out")
		if g.Stats().Rooms != 0 {
			t.Error("the room stays open")
		}
	})
}

func TestAfterAGapInTheStudyEventsMembershipsAreConfirmedAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		events := newGappy(t)
		g := newRegistry(t, room.Options{Members: &members, Bus: events, MemberCache: time.Hour})
		sits, left := connect(t, g, "sits"), connect(t, g, "left")
		join(t, g, sits, room.JoinRequest{})
		join(t, g, left, room.JoinRequest{}).Seat.Leave(func() {})
		members.gone.Store(true)
		join(t, g, left, room.JoinRequest{}).Seat.Leave(func() {}) // it is believed still
		sits.expect(t)
		events.gap()
		if _, err := tryJoin(g, left, room.JoinRequest{}); !errors.Is(err, room.ErrForbidden) {
			t.Errorf("join after the gap = %v, want ErrForbidden", err)
		}
		after(time.Second)
		sits.expect(t, "-membership_lost")
	})
}

// An answer from before the gap may be older than a kick that was missed in it.
func TestAJoinDuringAGapInTheStudyEventsChecksAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		events := newGappy(t)
		joinDuring(t, room.Options{Bus: events}, events.gap)
	})
}

func TestWithoutACacheEachPostChecksTheMembership(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		g := newRegistry(t, room.Options{Members: &members, MemberCache: -1})
		m := connect(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		members.gone.Store(true)
		mustPost(t, seat, "asks")
		synctest.Wait()
		if got := m.received(); !slices.Contains(got, "-membership_lost") {
			t.Errorf("received %v, want to be removed from the room", got)
		}
		if err := seat.Post(room.Post{Content: "x"}, nil); !errors.Is(err, room.ErrNotJoined) {
			t.Errorf("Post = %v, want ErrNotJoined", err)
		}
	})
}

// Without a cache, a lost membership is noticed even if posts follow each other without a
// pause: a check begins before the last one has its answer.
func TestPostingWithoutAPauseDoesNotPutOffTheCheck(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		members := register{takes: 150 * time.Millisecond}
		g := newRegistry(t, room.Options{Members: &members, MemberCache: -1, Rate: -1})
		seat := join(t, g, connect(t, g, "mina"), room.JoinRequest{}).Seat
		members.gone.Store(true)
		posts := 0
		for ; posts < 50; posts++ {
			if _, err := post(seat, "on and on"); errors.Is(err, room.ErrNotJoined) {
				break
			}
			after(100 * time.Millisecond)
		}
		if posts > 3 {
			t.Errorf("%d posts were taken, want no more than the first answer took", posts)
		}
	})
}

// If confirmations fail, a post checks the membership.
func TestAPostChecksAMembershipThatWasNotConfirmed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		members.broken.Store(true)
		g := newRegistry(t, room.Options{Members: &members})
		m := connect(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		members.gone.Store(true)
		after(29 * time.Second)
		mustPost(t, seat, "still believed")
		m.expect(t, "1")
		after(2 * time.Second)
		mustPost(t, seat, "asks")
		synctest.Wait()
		if got := m.received(); !slices.Contains(got, "-membership_lost") {
			t.Errorf("received %v, want to be removed from the room", got)
		}
	})
}

// After a check that has failed, the next post checks again.
func TestAfterAFailedCheckTheNextPostChecksAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		g := newRegistry(t, room.Options{Members: &members, MemberCache: 2 * time.Hour})
		m := connect(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		members.down.Store(true)
		after(2*time.Hour + time.Minute)
		mustPost(t, seat, "nobody can tell whether I may")
		m.expect(t, "1")
		members.down.Store(false)
		members.gone.Store(true)
		mustPost(t, seat, "now they can")
		after(time.Second)
		if got := m.received(); len(got) == 0 || got[len(got)-1] != "-membership_lost" {
			t.Errorf("received %v, want to be removed from the room", got)
		}
	})
}

// Hubs ignore fields that an event does not use, whatever is in them.
func TestAKickWithOtherFieldsTakesEffect(t *testing.T) {
	for _, extra := range []string{`"from":"admin"`, `"to":1.5`, `"from":null,"to":{}`, `"link":7`, `"messageSeq":"x"`} {
		inBubble(t, func(t *testing.T) {
			b := bus.NewMemory()
			defer b.Close()
			g := newRegistry(t, room.Options{Bus: b})
			m := connect(t, g, "mina")
			join(t, g, m, room.JoinRequest{})
			payload := `{"type":"member_kicked","studyId":"s1","userId":"mina",` + extra + `}`
			if err := b.Publish(t.Context(), bus.Message{Channel: bus.StudyEvents, Payload: []byte(payload)}); err != nil {
				t.Fatal(err)
			}
			m.expect(t, "-kicked", "!")
		})
	}
}
