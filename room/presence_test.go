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
		g := newRegistry(t, room.Options{Store: s})
		phone, laptop := connect(t, g, "mina"), connect(t, g, "mina")
		after(time.Second)
		for _, m := range []*testConn{phone, laptop} {
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

func TestCloseReportsWhoWentOffline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		g := newRegistry(t, room.Options{Store: faulty{Store: s, before: func(method string) error {
			if method == "SetStatus" {
				time.Sleep(20 * time.Millisecond)
			}
			return nil
		}}})
		m := connect(t, g, "mina")
		after(time.Second)
		if !online(t, s, "mina") {
			t.Fatal("mina is not online")
		}
		g.Disconnect(m)
		synctest.Wait() // the report is under way
		if err := g.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if online(t, s, "mina") {
			t.Error("mina is online after Close")
		}
		if err := g.Close(context.Background()); !errors.Is(err, room.ErrClosed) {
			t.Errorf("a second Close = %v, want ErrClosed", err)
		}
		if err := g.Connect(m); !errors.Is(err, room.ErrClosed) {
			t.Errorf("Connect after Close = %v", err)
		}
	})
}

func TestAHubIsReadyWithoutItsBusAndNotWithoutItsStore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var storeDown, busDown atomic.Bool
		b := bus.NewMemory()
		defer b.Close()
		g := newRegistry(t, room.Options{
			Bus: pinged{b, &busDown},
			Store: faulty{Store: store.NewMemory(), before: func(method string) error {
				if method == "RenewNode" && storeDown.Load() {
					return errBroken
				}
				return nil
			}},
		})
		for _, step := range []struct {
			store, bus bool
		}{{false, false}, {true, false}, {false, true}, {true, true}, {false, false}} {
			storeDown.Store(step.store)
			busDown.Store(step.bus)
			after(6 * time.Second)
			if err := g.Ready(); errors.Is(err, store.ErrUnavailable) != step.store || (err != nil) != step.store {
				t.Errorf("store down: %v, bus down: %v: Ready = %v", step.store, step.bus, err)
			}
			if s := g.Stats(); s.StoreReachable == step.store || s.BusReachable == step.bus {
				t.Errorf("store down: %v, bus down: %v: Stats says %v and %v", step.store, step.bus, s.StoreReachable, s.BusReachable)
			}
		}
	})
}
