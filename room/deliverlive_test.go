package room_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A cut bus takes what is published and loses it, once dead is set: as if the hub was killed.
type cut struct {
	bus.Bus
	dead atomic.Bool
}

func (c *cut) Publish(ctx context.Context, msgs ...bus.Message) error {
	if c.dead.Load() {
		return nil
	}
	return c.Bus.Publish(ctx, msgs...)
}

// pair returns two hubs on one bus.
func pair(t *testing.T, opts room.Options) (a, b *room.Registry, ofB *cut) {
	t.Helper()
	shared := bus.NewMemory()
	t.Cleanup(func() { shared.Close() })
	ofB = &cut{Bus: shared}
	opts.Store, opts.Bus = store.NewMemory(), shared
	a = newRegistry(t, opts)
	opts.Bus = ofB
	return a, newRegistry(t, opts), ofB
}

func TestTypingIsPassedOnEveryTwoSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := pair(t, room.Options{})
		mina, phone, jun := connect(t, a, "mina"), connect(t, b, "mina"), connect(t, b, "jun")
		seat := join(t, a, mina, room.JoinRequest{}).Seat
		join(t, b, phone, room.JoinRequest{})
		join(t, b, jun, room.JoinRequest{})
		for range 3 {
			for range 5 {
				if err := seat.Typing("Mina"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			after(2 * time.Second)
		}
		jun.expect(t, "mina types", "mina types", "mina types")
		mina.expect(t)
		phone.expect(t) // a user does not see that of another device
		seat.Leave(func() {})
		synctest.Wait()
		if err := seat.Typing("Mina"); !errors.Is(err, room.ErrNotJoined) {
			t.Errorf("Typing after Leave = %v", err)
		}
	})
}

func TestARoomShowsTenWhoTypeASecond(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{MaxPerUser: -1})
		jun := connect(t, g, "jun")
		join(t, g, jun, room.JoinRequest{})
		var seats []*room.Seat
		for i := range 199 {
			seats = append(seats, join(t, g, connect(t, g, store.UserID(fmt.Sprint("u", i))), room.JoinRequest{}).Seat)
		}
		for _, s := range seats[:50] {
			_ = s.Typing("")
		}
		synctest.Wait()
		if got := len(jun.received()); got != 10 {
			t.Errorf("%d of 50 are shown, want 10", got)
		}
		join(t, g, connect(t, g, "one-more"), room.JoinRequest{})
		after(time.Minute)
		_ = seats[60].Typing("")
		jun.expect(t) // 201 are too many
	})
}

func TestASignalReachesAllConnectionsOfAUser(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := pair(t, room.Options{})
		mina, here, there, other := connect(t, a, "mina"), connect(t, a, "jun"), connect(t, b, "jun"), connect(t, b, "sora")
		seat := join(t, a, mina, room.JoinRequest{}).Seat
		join(t, a, here, room.JoinRequest{})
		join(t, b, there, room.JoinRequest{})
		join(t, b, other, room.JoinRequest{})
		join(t, b, there, room.JoinRequest{StudyID: "s2"})
		send := func(q room.SignalRequest) error { return seat.Signal(q) }
		for _, to := range []store.UserID{"jun", "nobody"} {
			if err := send(room.SignalRequest{To: to, Kind: "offers", Data: []byte(`{"a":[1]}`)}); err != nil {
				t.Errorf("a signal to %s: %v", to, err)
			}
		}
		synctest.Wait()
		here.expect(t, `mina offers {"a":[1]}`)
		there.expect(t, `mina offers {"a":[1]}`)
		mina.expect(t)
		other.expect(t)

		for _, bad := range []struct {
			q    room.SignalRequest
			want error
		}{
			{room.SignalRequest{To: "no id!", Kind: "k", Data: []byte("1")}, store.ErrInvalid},
			{room.SignalRequest{To: "jun", Data: []byte("1")}, store.ErrInvalid},
			{room.SignalRequest{To: "jun", Kind: strings.Repeat("k", 65), Data: []byte("1")}, store.ErrInvalid},
			{room.SignalRequest{To: "jun", Kind: "k", Data: make([]byte, room.MaxSignal+1)}, store.ErrTooLarge},
		} {
			if err := send(bad.q); !errors.Is(err, bad.want) {
				t.Errorf("Signal(%s, %s, %d bytes) = %v, want %v", bad.q.To, bad.q.Kind, len(bad.q.Data), err, bad.want)
			}
		}
	})
}

func TestSignalsAreLimited(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{})
		seat := join(t, g, connect(t, g, "mina"), room.JoinRequest{}).Seat
		count := func(size int) (n int) {
			for seat.Signal(room.SignalRequest{To: "jun", Kind: "k", Data: make([]byte, size)}) == nil {
				n++
			}
			return n
		}
		if n := count(1); n != 60 {
			t.Errorf("%d signals at once, want 60", n)
		}
		after(time.Second)
		if n := count(1); n != 20 {
			t.Errorf("%d signals after a second, want 20", n)
		}
		after(time.Minute)
		if n := count(room.MaxSignal); n != 8 {
			t.Errorf("%d large signals at once, want 8", n)
		}
		var rate *room.RateError
		if err := seat.Signal(room.SignalRequest{To: "jun", Kind: "k", Data: make([]byte, room.MaxSignal)}); !errors.As(err, &rate) || rate.RetryAfter != 250*time.Millisecond {
			t.Errorf("the next one: %v", err)
		}
	})
}
