package room_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func online(t *testing.T, s store.Store, user store.UserID) bool {
	t.Helper()
	p, err := s.Presence(context.Background(), []store.UserID{user})
	if err != nil {
		t.Error(err)
	}
	return p[user].Online
}

func TestAUserIsOnlineUntilTheLastConnectionLeaves(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		g := hub(t, room.Options{Store: s})
		phone, laptop := enter(t, g, "mina"), enter(t, g, "mina")
		after(time.Second)
		for _, m := range []*member{phone, laptop} {
			if !online(t, s, "mina") {
				t.Fatal("mina is offline while connected")
			}
			g.Disconnect(m)
			after(time.Second)
		}
		if online(t, s, "mina") {
			t.Error("mina is online after both connections have gone")
		}
	})
}

func TestAReportThatFailsIsToldAgainSoon(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		var reports atomic.Int64
		g := hub(t, room.Options{Store: faulty{Store: s, before: func(method string) error {
			if method == "SetStatus" && reports.Add(1) <= 3 {
				return errBroken
			}
			return nil
		}}})
		enter(t, g, "mina")
		after(time.Second)
		if !online(t, s, "mina") {
			t.Error("mina is not online a second after her report failed three times")
		}
	})
}

// A lease that has ended may have taken all reports of the hub with it.
func TestEverybodyIsReportedAnewAfterTheLeaseWasLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		var away atomic.Bool
		var reports atomic.Int64
		g := hub(t, room.Options{Store: faulty{Store: s, before: func(method string) error {
			switch {
			case method == "RenewNode" && away.Load():
				return errBroken
			case method == "SetStatus":
				reports.Add(1)
			}
			return nil
		}}})
		enter(t, g, "mina")
		after(time.Second)
		away.Store(true)
		after(store.LeaseTTL + 10*time.Second)
		if online(t, s, "mina") || g.Stats().StoreReachable {
			t.Error("mina is online, or the store reachable, without a lease")
		}
		before := reports.Load()
		away.Store(false)
		after(6 * time.Second)
		if n := reports.Load() - before; !online(t, s, "mina") || n != 1 {
			t.Errorf("online: %v after %d reports, want her reported once more", online(t, s, "mina"), n)
		}
	})
}

func TestCloseTakesPresenceBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		g := hub(t, room.Options{Store: faulty{Store: s, before: func(method string) error {
			if method == "SetStatus" {
				time.Sleep(20 * time.Millisecond)
			}
			return nil
		}}})
		m := enter(t, g, "mina")
		after(time.Second)
		if !online(t, s, "mina") {
			t.Fatal("mina is not online")
		}
		g.Disconnect(m)
		synctest.Wait() // the store is being told, and takes its time
		if err := g.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if online(t, s, "mina") {
			t.Error("mina is online after Close")
		}
		if err := g.Connect(m); !errors.Is(err, room.ErrClosed) {
			t.Errorf("Connect after Close = %v", err)
		}
	})
}

func TestALeaseIsKept(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		enter(t, hub(t, room.Options{Store: s}), "mina")
		for range 10 {
			after(15 * time.Second)
			if !online(t, s, "mina") {
				t.Fatal("mina went offline while connected")
			}
		}
	})
}

// A late store goes on with the first report although nobody waits for it any more,
// and records it last.
type late struct {
	store.Store
	by    time.Duration
	calls atomic.Int64
}

func (l *late) SetStatus(ctx context.Context, reports []store.Status) error {
	if l.calls.Add(1) > 1 {
		return l.Store.SetStatus(ctx, reports)
	}
	time.AfterFunc(l.by, func() { _ = l.Store.SetStatus(context.Background(), reports) })
	<-ctx.Done()
	return ctx.Err()
}

// A store that is slow records late what it was told, and a network that comes back
// brings late what was sent before it went.
func TestAReportThatIsRecordedLateDoesNotLast(t *testing.T) {
	for _, by := range []time.Duration{6 * time.Second, 100 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := store.NewMemory()
				g := hub(t, room.Options{Store: &late{Store: s, by: by}})
				m := enter(t, g, "mina")
				after(time.Second)
				g.Disconnect(m)
				after(by - 2*time.Second)
				if online(t, s, "mina") {
					t.Fatal("mina is online after she was reported offline")
				}
				after(2 * time.Second)
				if !online(t, s, "mina") {
					t.Fatal("the late report was not recorded: this shows nothing")
				}
				after(30 * time.Second)
				if online(t, s, "mina") {
					t.Error("mina is online long after she has gone")
				}
			})
		})
	}
}

// However busy the reports keep the store, the lease comes in between.
func TestTheLeaseIsKeptWhileASlowStoreHearsOfManyWhoLeave(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		g := hub(t, room.Options{Store: faulty{Store: s, before: func(method string) error {
			if method == "SetStatus" {
				time.Sleep(2 * time.Second)
			}
			return nil
		}}})
		enter(t, g, "mina")
		var others []*member
		for i := range 60 {
			others = append(others, enter(t, g, store.UserID(fmt.Sprint("u", i))))
		}
		after(5 * time.Second)
		for _, m := range others {
			g.Disconnect(m)
			after(time.Second)
			if !online(t, s, "mina") {
				t.Fatal("mina went offline while connected")
			}
		}
	})
}

// Who slept for longer than the lease holds cannot know what became of its reports,
// even if the next renewal goes well.
func TestEverybodyIsReportedAnewAfterALongPause(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		var pause atomic.Bool
		var reports atomic.Int64
		g := hub(t, room.Options{StoreTimeout: -1, Store: faulty{Store: s, before: func(method string) error {
			switch {
			case method == "RenewNode" && pause.Swap(false):
				time.Sleep(store.LeaseTTL + 10*time.Second)
			case method == "SetStatus":
				reports.Add(1)
			}
			return nil
		}}})
		enter(t, g, "mina")
		after(time.Minute)
		before := reports.Load()
		pause.Store(true)
		after(time.Minute)
		if n := reports.Load() - before; n != 1 {
			t.Errorf("%d reports after the pause, want 1", n)
		}
	})
}
