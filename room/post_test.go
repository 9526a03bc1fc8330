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
		if _, err := post(seat, "one"); !errors.Is(err, room.ErrUnavailable) {
			t.Errorf("post = %v, want ErrUnavailable", err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("answered after %v, want at most 5s", took)
		}
		// One tries its luck; the others are told at once.
		tried := make(chan error, 1)
		if err := seat.Post(room.Post{Content: "two"}, func(_ room.Message, err error) { tried <- err }); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		if err := seat.Post(room.Post{Content: "three"}, nil); !errors.Is(err, room.ErrUnavailable) || time.Since(start) > 0 {
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
			if err := seat.Post(room.Post{Content: "text"}, func(_ room.Message, err error) {
				defer wg.Done()
				if took := time.Since(begin); !errors.Is(err, room.ErrUnavailable) || took > 5*time.Second {
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
			if err := seat.Post(room.Post{Content: text}, func(_ room.Message, err error) {
				if errors.Is(err, room.ErrInvalid) == (text != "bad") {
					t.Errorf("%q: %v", text, err)
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
		online := func() bool {
			p, err := s.Presence(context.Background(), []store.UserID{"mina"})
			return err == nil && p["mina"].Online
		}
		if !online() {
			t.Fatal("mina is not online")
		}
		g.Disconnect(m)
		synctest.Wait() // the store is being told, and takes its time
		if err := g.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if online() {
			t.Error("mina is online after Close")
		}
		if err := g.Connect(m); !errors.Is(err, room.ErrClosed) {
			t.Errorf("Connect after Close = %v", err)
		}
	})
}

func TestALeaseIsKeptAndFoundAgainAfterAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		g := hub(t, room.Options{Store: s})
		enter(t, g, "mina")
		online := func() bool {
			p, err := s.Presence(context.Background(), []store.UserID{"mina"})
			return err == nil && p["mina"].Online
		}
		for range 10 {
			after(15 * time.Second)
			if !online() {
				t.Fatal("mina went offline while connected")
			}
		}
	})
}
