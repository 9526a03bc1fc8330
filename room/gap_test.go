package room_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A gappy bus reports a gap to all subscriptions when gap is called.
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

func TestAMissedMessageIsReadFromTheStore(t *testing.T) {
	dropped := func(n *atomic.Int64, which int64) func(bus.Message) bool {
		return func(m bus.Message) bool { return strings.Contains(m.Channel, "room:") && n.Add(1) == which }
	}
	t.Run("when the next one comes", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			var n atomic.Int64
			a, b, _ := two(t, dropped(&n, 2))
			mina, jun := connect(t, a, "mina"), connect(t, b, "jun")
			seat := join(t, a, mina, room.JoinRequest{}).Seat
			join(t, b, jun, room.JoinRequest{})
			for _, text := range []string{"one", "two", "three"} {
				mustPost(t, seat, text)
				synctest.Wait()
			}
			jun.expect(t, "1")
			after(60 * time.Millisecond)
			jun.expect(t, "2", "3")
		})
	})
	t.Run("when nothing comes after it", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			var n atomic.Int64
			a, b, _ := two(t, dropped(&n, 1))
			mina, jun := connect(t, a, "mina"), connect(t, b, "jun")
			seat := join(t, a, mina, room.JoinRequest{}).Seat
			join(t, b, jun, room.JoinRequest{})
			mustPost(t, seat, "the last before a silence")
			jun.expect(t)
			after(5 * time.Second)
			jun.expect(t, "1")
		})
	})
}

func TestMessagesMissedInAGapAreReadAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, events := store.NewMemory(), newGappy(t)
		a := newRegistry(t, room.Options{Store: s, Alone: true}) // it publishes nothing
		b := newRegistry(t, room.Options{Store: s, Bus: events, CheckHeads: -1})
		seat := join(t, a, connect(t, a, "mina"), room.JoinRequest{}).Seat
		jun := connect(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		mustPost(t, seat, "missed")
		after(time.Minute)
		jun.expect(t)
		events.gap()
		after(time.Second)
		jun.expect(t, "1")
	})
}

// One read brings everything that is missing, even if more messages come after the gap.
func TestAGapIsReadOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := &asked{Store: store.NewMemory()}, bus.NewMemory()
		defer shared.Close()
		lost := false
		a := newRegistry(t, room.Options{Store: s, Rate: -1, Bus: lossy{shared, func(bus.Message) bool { was := lost; lost = true; return !was }}})
		b := newRegistry(t, room.Options{Store: s, Bus: shared, CheckHeads: -1})
		seat := join(t, a, connect(t, a, "mina"), room.JoinRequest{}).Seat
		jun := connect(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		for range 20 {
			mustPost(t, seat, "text")
			synctest.Wait()
		}
		jun.expect(t)
		after(time.Second)
		if got := len(jun.received()); got != 20 {
			t.Errorf("%d messages arrived, want 20", got)
		}
		if n := s.n.Load(); n != 1 {
			t.Errorf("the store was read %d times, want 1", n)
		}
	})
}

// Without CheckHeads, only the gap says that messages may be missing. It must not be forgotten
// before the store has answered.
func TestAGapIsNotForgottenWhenTheStoreFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, events := store.NewMemory(), newGappy(t)
		var failing atomic.Bool
		b := newRegistry(t, room.Options{Bus: events, CheckHeads: -1, Store: faulty{Store: s, before: func(method string) error {
			if method == "Heads" && failing.Load() {
				return errBroken
			}
			return nil
		}}})
		jun := connect(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		said := store.Message{StudyID: "s1", UserID: "mina", Content: "text", ClientID: store.NewClientID()}
		if _, err := s.Append(context.Background(), []store.Message{said}); err != nil {
			t.Fatal(err)
		}
		failing.Store(true)
		events.gap()
		after(5 * time.Second)
		jun.expect(t)
		failing.Store(false)
		after(3 * time.Second)
		jun.expect(t, "1")
	})
}

// A message that the store has lost must not stop its study.
func TestAHoleInTheStoreIsSkipped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := incompleteStore{store.NewMemory(), 2}
		shared := bus.NewMemory()
		defer shared.Close()
		a, b := newRegistry(t, room.Options{Store: s, Bus: lossy{shared, func(bus.Message) bool { return true }}}), newRegistry(t, room.Options{Store: s, Bus: shared})
		mina, jun := connect(t, a, "mina"), connect(t, b, "jun")
		seat := join(t, a, mina, room.JoinRequest{}).Seat
		join(t, b, jun, room.JoinRequest{})
		for range 3 {
			mustPost(t, seat, "text")
		}
		after(20 * time.Second)
		jun.expect(t, "1", "3")
		late := connect(t, b, "late")
		join(t, b, late, room.JoinRequest{HasAfter: true})
		late.expect(t, "1", "3")
	})
}

// incompleteStore does not return the message with one seq.
type incompleteStore struct {
	store.Store
	seq int64
}

func (h incompleteStore) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	msgs, err := h.Store.History(ctx, q)
	var rest []store.Message
	for _, m := range msgs {
		if m.Seq != h.seq {
			rest = append(rest, m)
		}
	}
	return rest, err
}
