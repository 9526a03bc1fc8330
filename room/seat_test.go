package room_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Joining again keeps the one seat: nothing is told twice, and one leave is enough.
func TestJoiningAgainKeepsTheSeat(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{})
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		for range 3 {
			if again := join(t, g, m, room.JoinRequest{Seat: seat}).Seat; again != seat {
				t.Error("joining again brought another seat")
			}
		}
		mustPost(t, seat, "once")
		m.expect(t, "1")
		seat.Leave(func() {})
		seat.Leave(func() {}) // twice is as good as once
		synctest.Wait()
		if n := g.Stats().Rooms; n != 0 {
			t.Errorf("%d rooms are open", n)
		}
		if again := join(t, g, m, room.JoinRequest{Seat: seat}).Seat; again == seat {
			t.Error("a seat that was left is given again")
		}
	})
}

func TestAJoinThatFailsLeavesNoRoomOpen(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var away atomic.Bool
		g := hub(t, room.Options{Store: faulty{Store: store.NewMemory(), before: func(method string) error {
			if away.Load() && method == "Heads" {
				return errBroken
			}
			return nil
		}}})
		m := enter(t, g, "mina")
		away.Store(true)
		if _, err := tryJoin(g, m, room.JoinRequest{}); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("join = %v, want ErrUnavailable", err)
		}
		synctest.Wait()
		if n := g.Stats().Rooms; n != 0 {
			t.Errorf("%d rooms are open", n)
		}
		away.Store(false)
		join(t, g, m, room.JoinRequest{})
	})
}

// A join without a deadline ends with the registry, if not before.
func TestAJoinEndsWithTheRegistry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &ahead{Store: store.NewMemory()}
		g := hub(t, room.Options{Store: s, CheckHeads: -1})
		join(t, g, enter(t, g, "jun"), room.JoinRequest{})
		m := enter(t, g, "mina")
		s.by.Store(5)
		result := make(chan error, 1)
		go func() { _, err := tryJoin(g, m, room.JoinRequest{}); result <- err }()
		after(10 * time.Second)
		if err := g.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case err := <-result:
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("join = %v, want ErrUnavailable", err)
			}
		default:
			t.Error("the join still waits")
		}
	})
}

// A store that is ahead names heads that it has no messages for.
type ahead struct {
	store.Store
	by atomic.Int64
}

func (a *ahead) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	heads, err := a.Store.Heads(ctx, studies)
	for study := range heads {
		heads[study] += a.by.Load()
	}
	return heads, err
}

// Client ids that we made are ours: no way of a message to a member shows them.
func TestGeneratedClientIDsAreNotShown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := store.NewMemory(), bus.NewMemory()
		defer shared.Close()
		writer := hub(t, room.Options{Store: s, Bus: shared})
		seat := join(t, writer, enter(t, writer, "mina"), room.JoinRequest{}).Seat
		reader := hub(t, room.Options{Store: s, Bus: shared})
		live := enter(t, reader, "live")
		join(t, reader, live, room.JoinRequest{})
		mustPost(t, seat, "by the bus")
		synctest.Wait()
		alone := hub(t, room.Options{Store: s, Alone: true})
		catchesUp := enter(t, alone, "catches-up")
		join(t, alone, catchesUp, room.JoinRequest{})
		mustPost(t, seat, "missed")
		after(5 * time.Second)
		primed, unlimited := hub(t, room.Options{Store: s, Alone: true}), hub(t, room.Options{Store: s, Alone: true, MaxReplay: -1})
		a, b := enter(t, primed, "replayed"), enter(t, unlimited, "replayed-all")
		join(t, primed, a, room.JoinRequest{HasAfter: true})
		join(t, unlimited, b, room.JoinRequest{HasAfter: true})
		for m, want := range map[*member]int{live: 2, catchesUp: 1, a: 2, b: 2} {
			m.mu.Lock()
			if len(m.events) != want {
				t.Errorf("%s was told %d messages, want %d", m.user, len(m.events), want)
			}
			for _, ev := range m.events {
				if ev.Message.ClientID != "" {
					t.Errorf("%s was told of %q", m.user, ev.Message.ClientID)
				}
			}
			m.mu.Unlock()
		}
	})
}

// Whoever has used up what may be posted has not got it back by being forgotten.
func TestASlowRateOutlivesAVisit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{Rate: 0.01})
		visit := func() error {
			m := enter(t, g, "mina")
			defer g.Disconnect(m)
			seat := join(t, g, m, room.JoinRequest{}).Seat
			defer seat.Leave(func() {})
			_, err := post(seat, "one")
			return err
		}
		if err := visit(); err != nil {
			t.Fatal(err)
		}
		after(70 * time.Second)
		var slow *room.RateError
		if err := visit(); !errors.As(err, &slow) || slow.RetryAfter > 31*time.Second {
			t.Errorf("a second post after 70 s: %v, want a RateError of 30 s", err)
		}
		after(31 * time.Second)
		if err := visit(); err != nil {
			t.Errorf("after that: %v", err)
		}
	})
}

// A membership that could not be confirmed is asked for with the next post.
func TestAFailedRecheckIsMadeUpFor(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		g := hub(t, room.Options{Members: &members, MemberCache: 2 * time.Hour})
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		members.away.Store(true)
		after(2*time.Hour + time.Minute)
		mustPost(t, seat, "nobody can tell whether I may")
		m.expect(t, "1")
		members.away.Store(false)
		members.gone.Store(true)
		mustPost(t, seat, "now they can")
		after(time.Second)
		if got := m.told(); len(got) == 0 || got[len(got)-1] != "-membership_lost" {
			t.Errorf("told %v, want to be put out", got)
		}
	})
}

func TestReadyTellsOfTheStoreAndTheBus(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var storeAway, busAway atomic.Bool
		b := bus.NewMemory()
		defer b.Close()
		g := hub(t, room.Options{
			Bus: pinged{b, &busAway},
			Store: faulty{Store: store.NewMemory(), before: func(method string) error {
				if method == "RenewNode" && storeAway.Load() {
					return errBroken
				}
				return nil
			}},
		})
		for _, step := range []struct {
			store, bus bool
		}{{false, false}, {true, false}, {false, true}, {true, true}, {false, false}} {
			storeAway.Store(step.store)
			busAway.Store(step.bus)
			after(6 * time.Second)
			if err := g.Ready(); (err != nil) != (step.store || step.bus) || step.bus && !step.store && !errors.Is(err, errBroken) {
				t.Errorf("store away: %v, bus away: %v: Ready = %v", step.store, step.bus, err)
			}
		}
	})
}
