package room_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestARetryNeverStoresTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		var n atomic.Int64
		g := hub(t, room.Options{Store: faulty{Store: s, after: func(string) error {
			if n.Add(1) <= 2 {
				return errBroken // stored, but nobody is told
			}
			return nil
		}}})
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		if got := mustPost(t, seat, "one"); got.Seq != 1 || got.ClientID != "" {
			t.Errorf("acknowledged as %+v", got)
		}
		m.expect(t, "1")
		heads, _ := s.Heads(t.Context(), []store.StudyID{"s1"})
		if heads["s1"] != 1 || g.Stats().Retries != 2 {
			t.Errorf("%d stored after %d retries", heads["s1"], g.Stats().Retries)
		}
	})
}

func TestPostsToAStoreThatIsAwayAreAnsweredInTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var away atomic.Bool
		g := hub(t, room.Options{Store: faulty{Store: store.NewMemory(), before: func(method string) error {
			if away.Load() && method == "Append" {
				return errBroken
			}
			return nil
		}}})
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		away.Store(true)
		start := time.Now()
		if _, err := post(seat, "one"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("post = %v, want ErrUnavailable", err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("answered after %v, want at most 5s", took)
		}
		// One tries its luck; the others are told at once.
		tried := make(chan error, 1)
		if err := seat.Post(room.Post{Content: "two"}, func(_ store.Message, err error) { tried <- err }); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		if err := seat.Post(room.Post{Content: "three"}, nil); !errors.Is(err, store.ErrUnavailable) || time.Since(start) > 0 {
			t.Errorf("Post = %v after %v, want ErrUnavailable at once", err, time.Since(start))
		}
		away.Store(false)
		if err := <-tried; err != nil {
			t.Errorf("the one that tried: %v", err)
		}
		mustPost(t, seat, "four")
		m.expect(t, "1", "2")
	})
}

// hangs answers no Append before its deadline.
type hangs struct{ store.Store }

func (hangs) Append(ctx context.Context, _ []store.Message) ([]store.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestPostsThatQueueBehindAStoreThatHangsAreAnsweredInTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{Store: hangs{store.NewMemory()}, Lanes: 1, Rate: -1, MaxQueue: -1})
		seat := join(t, g, enter(t, g, "mina"), room.JoinRequest{}).Seat
		var wg sync.WaitGroup
		for range 3 * store.MaxBatch {
			begin := time.Now()
			wg.Add(1)
			if err := seat.Post(room.Post{Content: "text"}, func(_ store.Message, err error) {
				defer wg.Done()
				if took := time.Since(begin); !errors.Is(err, store.ErrUnavailable) || took > 5*time.Second {
					t.Errorf("answered with %v after %v, want ErrUnavailable within 5s", err, took)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
	})
}

// dislikes refuses messages with one content for ever.
type dislikes struct {
	store.Store
	content string
}

func (d dislikes) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	for _, m := range msgs {
		if m.Content == d.content {
			return nil, fmt.Errorf("%w: not this one", store.ErrInvalid)
		}
	}
	return d.Store.Append(ctx, msgs)
}

func TestAnUnacceptableMessageDoesNotHurtItsBatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{Store: dislikes{store.NewMemory(), "bad"}, Lanes: 1})
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		var failed atomic.Int64
		for _, text := range []string{"one", "bad", "two", "bad", "three"} {
			if err := seat.Post(room.Post{Content: text}, func(_ store.Message, err error) {
				if errors.Is(err, store.ErrInvalid) == (text != "bad") {
					t.Errorf("%q: %v", text, err)
				}
				if err != nil && err.Error() != store.ErrInvalid.Error() {
					t.Errorf("%q tells %q of the store", text, err)
				}
				if err != nil {
					failed.Add(1)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		m.expect(t, "1", "2", "3")
		if failed.Load() != 2 {
			t.Errorf("%d failed, want 2", failed.Load())
		}
	})
}

func TestComingBackMakesNobodyFaster(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{Rate: 2})
		posted := 0
		for range 3 {
			m := enter(t, g, "mina")
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

// slow is a member to whom it takes a while to deliver, as to all of a large room.
type slow struct{ member }

func (s *slow) Deliver(*room.Batch) { time.Sleep(20 * time.Millisecond) }

// A lane that comes across a lively room must not be kept there by what others say.
func TestALivelyRoomKeepsNobodyElseWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := store.NewMemory(), bus.NewMemory()
		t.Cleanup(func() { shared.Close() })
		a := hub(t, room.Options{Store: s, Bus: shared, Rate: -1, Lanes: 1})
		b := hub(t, room.Options{Store: s, Bus: shared, Rate: -1})
		crowd := &slow{member{user: "crowd"}}
		if err := a.Connect(crowd); err != nil {
			t.Fatal(err)
		}
		if err := a.Join(t.Context(), room.JoinRequest{Conn: crowd, StudyID: "lively"}, func(room.Joined) {}); err != nil {
			t.Fatal(err)
		}
		mina := enter(t, a, "mina")
		lively := join(t, a, mina, room.JoinRequest{StudyID: "lively"}).Seat
		quiet := join(t, a, mina, room.JoinRequest{StudyID: "quiet"}).Seat
		talker := join(t, b, enter(t, b, "talker"), room.JoinRequest{StudyID: "lively"}).Seat
		over := time.Now().Add(5 * time.Second)
		var talk sync.WaitGroup
		talk.Go(func() {
			for time.Now().Before(over) {
				if _, err := post(talker, "and"); err != nil {
					t.Errorf("post: %v", err)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
		defer talk.Wait()
		for time.Now().Before(over.Add(-time.Second)) {
			if _, err := post(lively, "I say"); err != nil {
				t.Errorf("post: %v", err)
			}
			begin := time.Now()
			if _, err := post(quiet, "hello"); err != nil {
				t.Errorf("post: %v", err)
			}
			if d := time.Since(begin); d > 500*time.Millisecond {
				t.Fatalf("a post in a quiet study took %v", d)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// Who is told that a message could not be stored may post again at once, and must
// not be refused because the lane has not yet noticed that it is done.
func TestARefusedPostMayBeTriedAgainAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var failing atomic.Bool
		g := hub(t, room.Options{Rate: -1, PostBudget: 300 * time.Millisecond, Store: faulty{Store: store.NewMemory(), before: func(method string) error {
			if method == "Append" && failing.Load() {
				return errBroken
			}
			return nil
		}}})
		seat := join(t, g, enter(t, g, "mina"), room.JoinRequest{}).Seat
		failing.Store(true)
		last := make(chan error, 1)
		var try func(n int)
		try = func(n int) {
			if err := seat.Post(room.Post{Content: "again"}, func(_ store.Message, err error) {
				if n == 3 {
					last <- err
					return
				}
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("post %d to a broken store: %v", n, err)
				}
				failing.Store(n < 2)
				try(n + 1)
			}); err != nil {
				last <- err
			}
		}
		try(1)
		if err := <-last; err != nil {
			t.Errorf("the last post: %v", err)
		}
	})
}

// A short store answers for none of what it stores.
type short struct{ store.Store }

func (s short) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	stored, err := s.Store.Append(ctx, msgs)
	return stored[:0], err
}

func TestAStoreThatAnswersForOthersIsNotBelieved(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{Store: short{store.NewMemory()}})
		seat := join(t, g, enter(t, g, "mina"), room.JoinRequest{}).Seat
		if _, err := post(seat, "text"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("post = %v, want ErrUnavailable", err)
		}
	})
}

func TestPostsThatWaitAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{Store: hangs{store.NewMemory()}, Lanes: 1, Rate: -1, MaxQueue: 10})
		seat := join(t, g, enter(t, g, "mina"), room.JoinRequest{}).Seat
		var answered atomic.Int64
		for i := range 12 {
			err := seat.Post(room.Post{Content: "text"}, func(store.Message, error) { answered.Add(1) })
			if full := i > 10; full != errors.Is(err, store.ErrUnavailable) || !full && err != nil {
				t.Errorf("post %d: %v", i, err)
			}
			synctest.Wait() // the first is under way
		}
		after(10 * time.Second)
		if n := answered.Load(); n != 11 {
			t.Errorf("%d of 11 were answered", n)
		}
	})
}

// A slow bus takes a second for everything.
type slowBus struct{ bus.Bus }

func (b slowBus) Publish(ctx context.Context, msgs ...bus.Message) error {
	select {
	case <-time.After(time.Second):
		return b.Bus.Publish(ctx, msgs...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestCloseTellsTheOtherHubsWhatWasPosted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := store.NewMemory(), bus.NewMemory()
		defer shared.Close()
		a := hub(t, room.Options{Store: s, Bus: slowBus{shared}})
		b := hub(t, room.Options{Store: s, Bus: shared, CheckHeads: -1})
		seat := join(t, a, enter(t, a, "mina"), room.JoinRequest{}).Seat
		jun := enter(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		mustPost(t, seat, "the last words")
		if err := a.Close(t.Context()); err != nil {
			t.Errorf("Close = %v", err)
		}
		jun.expect(t, "1")
	})
}
