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

func TestReconnectingDoesNotResetTheRate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{Rate: 2})
		posted := 0
		for range 3 {
			m := connect(t, g, "mina")
			seat := join(t, g, m, room.JoinRequest{}).Seat
			for range 10 {
				var slow *room.RateError
				if _, err := post(seat, "x"); err == nil {
					posted++
				} else if !errors.As(err, &slow) || slow.RetryAfter <= 0 || slow.RetryAfter > time.Second {
					t.Errorf("post: %v", err)
				}
			}
			seat.Leave(func() {})
			g.Disconnect(m)
			synctest.Wait()
		}
		if posted != 4 {
			t.Errorf("%d posts passed at once, want the burst of 4", posted)
		}
		after(time.Minute)
		if n := g.Stats().Users; n != 0 {
			t.Errorf("%d users are remembered", n)
		}
	})
}

// The used rate of a user must not be forgotten before it is regained.
func TestASlowRateOutlivesAConnection(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{Rate: 0.01})
		visit := func() error {
			m := connect(t, g, "mina")
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

// Generated client ids are internal: no delivery and no replay has them.
func TestGeneratedClientIDsAreNotDelivered(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := store.NewMemory(), bus.NewMemory()
		defer shared.Close()
		writer := newRegistry(t, room.Options{Store: s, Bus: shared})
		seat := join(t, writer, connect(t, writer, "mina"), room.JoinRequest{}).Seat
		reader := newRegistry(t, room.Options{Store: s, Bus: shared})
		live := connect(t, reader, "live")
		join(t, reader, live, room.JoinRequest{})
		mustPost(t, seat, "by the bus")
		synctest.Wait()
		alone := newRegistry(t, room.Options{Store: s, Alone: true})
		catchesUp := connect(t, alone, "catches-up")
		join(t, alone, catchesUp, room.JoinRequest{})
		mustPost(t, seat, "missed")
		after(5 * time.Second)
		primed, unlimited := newRegistry(t, room.Options{Store: s, Alone: true}), newRegistry(t, room.Options{Store: s, Alone: true, MaxReplay: -1})
		a, b := connect(t, primed, "replayed"), connect(t, unlimited, "replayed-all")
		join(t, primed, a, room.JoinRequest{HasAfter: true})
		join(t, unlimited, b, room.JoinRequest{HasAfter: true})
		for m, want := range map[*testConn]int{live: 2, catchesUp: 1, a: 2, b: 2} {
			m.mu.Lock()
			if len(m.events) != want {
				t.Errorf("%s received %d messages, want %d", m.user, len(m.events), want)
			}
			for _, ev := range m.events {
				if ev.Message.ClientID != "" {
					t.Errorf("%s received client id %q", m.user, ev.Message.ClientID)
				}
			}
			m.mu.Unlock()
		}
	})
}

func TestPostsToAStoreThatDoesNotAnswerAreAnsweredInTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var down atomic.Bool
		g := newRegistry(t, room.Options{Store: faulty{Store: store.NewMemory(), before: func(method string) error {
			if down.Load() && method == "Append" {
				return errBroken
			}
			return nil
		}}})
		m := connect(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		down.Store(true)
		start := time.Now()
		if _, err := post(seat, "one"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("post = %v, want ErrUnavailable", err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("answered after %v, want at most 5s", took)
		}
		// One post is tried. The others are refused at once.
		tried := make(chan error, 1)
		if err := seat.Post(room.Post{Content: "two"}, func(_ store.Message, err error) { tried <- err }); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		if err := seat.Post(room.Post{Content: "three"}, nil); !errors.Is(err, store.ErrUnavailable) || time.Since(start) > 0 {
			t.Errorf("Post = %v after %v, want ErrUnavailable at once", err, time.Since(start))
		}
		down.Store(false)
		if err := <-tried; err != nil {
			t.Errorf("the one that tried: %v", err)
		}
		mustPost(t, seat, "four")
		m.expect(t, "1", "2")
	})
}

// A slow bus takes a second for each Publish.
type slowBus struct{ bus.Bus }

func (b slowBus) Publish(ctx context.Context, msgs ...bus.Message) error {
	select {
	case <-time.After(time.Second):
		return b.Bus.Publish(ctx, msgs...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestClosePublishesWhatWasPosted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := store.NewMemory(), bus.NewMemory()
		defer shared.Close()
		a := newRegistry(t, room.Options{Store: s, Bus: slowBus{shared}})
		b := newRegistry(t, room.Options{Store: s, Bus: shared, CheckHeads: -1})
		seat := join(t, a, connect(t, a, "mina"), room.JoinRequest{}).Seat
		jun := connect(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		mustPost(t, seat, "the last words")
		if err := a.Close(t.Context()); err != nil {
			t.Errorf("Close = %v", err)
		}
		jun.expect(t, "1")
	})
}
