package room_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A gappy bus says that messages may have been missed when it is told to.
type gappy struct {
	bus.Bus

	mu   sync.Mutex // guards gaps
	gaps []func()
}

func (g *gappy) Subscribe(channel string, h bus.Handler) (bus.Subscription, error) {
	if h.Gap != nil {
		g.mu.Lock()
		g.gaps = append(g.gaps, h.Gap)
		g.mu.Unlock()
	}
	return g.Bus.Subscribe(channel, h)
}

func (g *gappy) gap() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, tell := range g.gaps {
		tell()
	}
}

func newGappy(t *testing.T) *gappy {
	b := bus.NewMemory()
	t.Cleanup(func() { b.Close() })
	return &gappy{Bus: b}
}

func TestWhatWasMissedInAGapIsReadAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, news := store.NewMemory(), newGappy(t)
		a := hub(t, room.Options{Store: s, Alone: true}) // nobody hears of its posts
		b := hub(t, room.Options{Store: s, Bus: news, CheckHeads: -1})
		seat := join(t, a, enter(t, a, "mina"), room.JoinRequest{}).Seat
		jun := enter(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		mustPost(t, seat, "missed")
		after(time.Minute)
		jun.expect(t)
		news.gap()
		after(time.Second)
		jun.expect(t, "1")
	})
}

func TestAGapInTheNewsOfKicksPutsOutWhoIsNoMember(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		news := newGappy(t)
		g := hub(t, room.Options{Members: &members, Bus: news, MemberCache: time.Hour})
		sits, left := enter(t, g, "sits"), enter(t, g, "left")
		join(t, g, sits, room.JoinRequest{})
		join(t, g, left, room.JoinRequest{}).Seat.Leave(func() {})
		members.gone.Store(true)
		join(t, g, left, room.JoinRequest{}).Seat.Leave(func() {}) // it is believed still
		sits.expect(t)
		news.gap()
		if _, err := tryJoin(g, left, room.JoinRequest{}); !errors.Is(err, room.ErrForbidden) {
			t.Errorf("join after the gap = %v, want ErrForbidden", err)
		}
		after(time.Second)
		sits.expect(t, "-membership_lost")
	})
}

// An answer that was given before the gap may be older than a kick in it.
func TestAGapInTheNewsOfKicksOvertakesAJoin(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		news := newGappy(t)
		overtaken(t, room.Options{Bus: news}, news.gap)
	})
}

// One read brings all that is missing, however much comes after the gap.
func TestAHoleInTheNewsIsReadOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := &asked{Store: store.NewMemory()}, bus.NewMemory()
		defer shared.Close()
		lost := false
		a := hub(t, room.Options{Store: s, Rate: -1, Bus: lossy{shared, func(bus.Message) bool { was := lost; lost = true; return !was }}})
		b := hub(t, room.Options{Store: s, Bus: shared, CheckHeads: -1})
		seat := join(t, a, enter(t, a, "mina"), room.JoinRequest{}).Seat
		jun := enter(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		for range 20 {
			mustPost(t, seat, "text")
			synctest.Wait()
		}
		jun.expect(t)
		after(time.Second)
		if got := len(jun.told()); got != 20 {
			t.Errorf("%d messages arrived, want 20", got)
		}
		if n := s.n.Load(); n != 1 {
			t.Errorf("the store was read %d times, want 1", n)
		}
	})
}

// What the bus brings in order is delivered as it comes, and nobody asks the store.
func TestNewsInOrderNeedNoStore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := &asked{Store: store.NewMemory()}, bus.NewMemory()
		defer shared.Close()
		a := hub(t, room.Options{Store: s, Rate: -1, Bus: shared})
		b := hub(t, room.Options{Store: s, Bus: shared, CheckHeads: -1, ReorderWait: -1})
		seat := join(t, a, enter(t, a, "mina"), room.JoinRequest{}).Seat
		jun := enter(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		for range 500 {
			mustPost(t, seat, "text")
		}
		after(time.Second)
		if got := len(jun.told()); got != 500 {
			t.Errorf("%d messages arrived, want 500", got)
		}
		if n := s.n.Load(); n != 0 {
			t.Errorf("the store was read %d times", n)
		}
	})
}

// Without regular looks at the store, a gap is all there is to say that something is
// missing: it holds until the store has answered.
func TestAGapIsNotForgottenWhenTheStoreFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, news := store.NewMemory(), newGappy(t)
		var failing atomic.Bool
		b := hub(t, room.Options{Bus: news, CheckHeads: -1, Store: faulty{Store: s, before: func(method string) error {
			if method == "Heads" && failing.Load() {
				return errBroken
			}
			return nil
		}}})
		jun := enter(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		said := store.Message{StudyID: "s1", UserID: "mina", Content: "text", ClientID: store.NewClientID()}
		if _, err := s.Append(context.Background(), []store.Message{said}); err != nil {
			t.Fatal(err)
		}
		failing.Store(true)
		news.gap()
		after(5 * time.Second)
		jun.expect(t)
		failing.Store(false)
		after(3 * time.Second)
		jun.expect(t, "1")
	})
}
