package room_test

import (
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

func TestJoinWithAfterReplaysWhatIsMissing(t *testing.T) {
	for _, tt := range []struct {
		name            string
		said, after     int
		replayed        int
		truncated, warm bool
	}{
		{"nothing", 10, 10, 0, false, false},
		{"everything, from the store", 300, 0, 300, false, false},
		{"the last few, from the room's memory", 300, 290, 10, false, true},
		{"more than the room remembers", 300, 100, 200, false, true},
		{"as much as is replayed", 600, 100, 500, false, true},
		{"more than is replayed", 600, 99, 0, true, true},
		{"what has not been said yet", 10, 20, 0, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := store.NewMemory()
				writer := newRegistry(t, room.Options{Store: s, Rate: -1})
				w := connect(t, writer, "writer")
				seat := join(t, writer, w, room.JoinRequest{}).Seat
				for range tt.said {
					mustPost(t, seat, "text")
				}
				g := writer
				if !tt.warm {
					g = newRegistry(t, room.Options{Store: s})
				}
				m := connect(t, g, "reader")
				j := join(t, g, m, room.JoinRequest{After: int64(tt.after), HasAfter: true})
				if j.Seq != int64(tt.said) || j.Truncated != tt.truncated || len(j.Replay) != tt.replayed {
					t.Errorf("joined at %d, truncated %v, %d replayed", j.Seq, j.Truncated, len(j.Replay))
				}
				for i, ev := range j.Replay {
					if ev.Message.Seq != int64(tt.after+i+1) {
						t.Fatalf("replay[%d] has seq %d", i, ev.Message.Seq)
					}
				}
			})
		})
	}
}

func TestManyJoinsAtOnceShareOneRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &asked{Store: store.NewMemory()}
		before := newRegistry(t, room.Options{Store: s, Rate: -1})
		seat := join(t, before, connect(t, before, "writer"), room.JoinRequest{}).Seat
		for range 300 {
			mustPost(t, seat, "text")
		}
		g := newRegistry(t, room.Options{Store: s, Rate: -1})
		said := 300
		lively := join(t, g, connect(t, g, "lively"), room.JoinRequest{}).Seat
		for from := 0; from < 200; from += 40 {
			var wg sync.WaitGroup
			for i := from; i < from+40; i++ {
				m := connect(t, g, store.UserID(fmt.Sprint("u", i)))
				wg.Go(func() {
					if j, err := tryJoin(g, m, room.JoinRequest{After: int64(i), HasAfter: true}); err != nil || len(j.Replay) != said-i {
						t.Errorf("u%d joined with %d replayed (%v), want %d", i, len(j.Replay), err, said-i)
					}
				})
			}
			wg.Wait()
			mustPost(t, lively, "text") // and the next ones come
			said++
		}
		if n := s.n.Load(); n > 20 { // one for ten of them
			t.Errorf("History was asked %d times", n)
		}
	})
}

// A second join keeps the seat: nothing is delivered twice, and one leave is enough.
func TestJoiningAgainKeepsTheSeat(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{})
		m := connect(t, g, "mina")
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
		var down atomic.Bool
		g := newRegistry(t, room.Options{Store: faulty{Store: store.NewMemory(), before: func(method string) error {
			if down.Load() && method == "Heads" {
				return errBroken
			}
			return nil
		}}})
		m := connect(t, g, "mina")
		down.Store(true)
		if _, err := tryJoin(g, m, room.JoinRequest{}); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("join = %v, want ErrUnavailable", err)
		}
		synctest.Wait()
		if n := g.Stats().Rooms; n != 0 {
			t.Errorf("%d rooms are open", n)
		}
		down.Store(false)
		join(t, g, m, room.JoinRequest{})
	})
}

// A join without a deadline ends when the registry closes.
func TestAJoinEndsWithTheRegistry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := store.NewMemory()
		g := newRegistry(t, room.Options{CheckHeads: -1, Store: faulty{Store: s, before: func(method string) error {
			if method == "History" {
				return errBroken
			}
			return nil
		}}})
		join(t, g, connect(t, g, "jun"), room.JoinRequest{})
		m := connect(t, g, "mina")
		said := store.Message{StudyID: "s1", UserID: "u1", Content: "text", ClientID: store.NewClientID()}
		if _, err := s.Append(t.Context(), []store.Message{said}); err != nil {
			t.Fatal(err)
		}
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

func TestJoinsAreLimited(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{})
		m := connect(t, g, "mina")
		// A join takes a while, in which tokens are regained.
		var slow *room.RateError
		joins := 0
		for ; slow == nil && joins < 300; joins++ {
			j, err := tryJoin(g, m, room.JoinRequest{})
			if err == nil {
				j.Seat.Leave(func() {})
			} else if !errors.As(err, &slow) {
				t.Fatal(err)
			}
		}
		if joins < 200 || slow == nil || slow.RetryAfter <= 0 || slow.RetryAfter > time.Second {
			t.Fatalf("join %d ended in %v, want a RateError of less than a second after 200", joins, slow)
		}
		join(t, g, connect(t, g, "jun"), room.JoinRequest{})
		after(slow.RetryAfter)
		join(t, g, m, room.JoinRequest{})
	})
}
