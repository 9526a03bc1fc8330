package room_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// two returns two registries with one store. What a publishes is lost if drop returns true.
func two(t *testing.T, drop func(bus.Message) bool) (a, b *room.Registry, shared *bus.Memory) {
	t.Helper()
	shared = bus.NewMemory()
	t.Cleanup(func() { shared.Close() })
	s := store.NewMemory()
	return newRegistry(t, room.Options{Store: s, Bus: lossy{shared, drop}}), newRegistry(t, room.Options{Store: s, Bus: shared}), shared
}

func TestMessagesOfOtherHubsArriveInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := two(t, func(bus.Message) bool { return false })
		mina, jun := connect(t, a, "mina"), connect(t, b, "jun")
		sa, sb := join(t, a, mina, room.JoinRequest{}).Seat, join(t, b, jun, room.JoinRequest{}).Seat
		for i := range 10 {
			mustPost(t, sa, fmt.Sprint("a", i))
			mustPost(t, sb, fmt.Sprint("b", i))
		}
		want := strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20")
		mina.expect(t, want...)
		jun.expect(t, want...)
	})
}

func TestForgedMessagesDoNotStopARoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, _, shared := two(t, func(bus.Message) bool { return false })
		mina := connect(t, a, "mina")
		seat := join(t, a, mina, room.JoinRequest{}).Seat
		m := store.Message{ID: "x", StudyID: "s1", Seq: 1000, UserID: "u", Content: "forged", SentAt: time.Now()}
		body, _ := m.MarshalJSON()
		elsewhere := store.Message{ID: "y", StudyID: "s2", Seq: 1, UserID: "u", Content: "forged", SentAt: time.Now()}
		wrong, _ := elsewhere.MarshalJSON()
		for _, payload := range []string{"1 other\n[" + string(body) + "]", "1 other\n[{}]", "2 other\n[]", "junk", "", "1 other\nnull", "1 other\n[" + string(wrong) + "]"} {
			shared.Publish(t.Context(), bus.Message{Channel: "coup:room:s1", Payload: []byte(payload)})
		}
		mina.expect(t)
		mustPost(t, seat, "one")
		mina.expect(t, "1")
		after(20 * time.Second)
		mustPost(t, seat, "two")
		mina.expect(t, "2")
	})
}

// Messages that the bus brings in order are delivered without any call of History.
func TestMessagesInOrderNeedNoRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := &asked{Store: store.NewMemory()}, bus.NewMemory()
		defer shared.Close()
		a := newRegistry(t, room.Options{Store: s, Rate: -1, Bus: shared})
		b := newRegistry(t, room.Options{Store: s, Bus: shared, CheckHeads: -1, ReorderWait: -1})
		seat := join(t, a, connect(t, a, "mina"), room.JoinRequest{}).Seat
		jun := connect(t, b, "jun")
		join(t, b, jun, room.JoinRequest{})
		for range 500 {
			mustPost(t, seat, "text")
		}
		after(time.Second)
		if got := len(jun.received()); got != 500 {
			t.Errorf("%d messages arrived, want 500", got)
		}
		if n := s.n.Load(); n != 0 {
			t.Errorf("the store was read %d times", n)
		}
	})
}

func TestAnEmptyRoomLeavesNothingBehind(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				m := &testConn{user: store.UserID(fmt.Sprint("u", i))}
				if err := g.Connect(m); err != nil {
					t.Error(err)
				}
				for range 50 {
					left := make(chan struct{})
					j, err := tryJoin(g, m, room.JoinRequest{})
					if err != nil {
						t.Error(err)
						return
					}
					j.Seat.Leave(func() { close(left) })
					<-left
				}
				g.Disconnect(m)
			})
		}
		wg.Wait()
		if s := g.Stats(); s.Rooms != 0 || s.Users != 0 {
			t.Errorf("%d rooms and %d users are left", s.Rooms, s.Users)
		}
	})
}

// buggy is a connection that panics at the first delivery.
type buggy struct {
	testConn
	once sync.Once
}

func (b *buggy) Deliver(batch *room.Batch) {
	b.once.Do(func() { panic("a bug") })
	b.testConn.Deliver(batch)
}

func TestABugInOneDeliveryDoesNotStopTheRoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRegistry(t, room.Options{})
		bad := &buggy{testConn: testConn{user: "bad"}}
		if err := g.Connect(bad); err != nil {
			t.Fatal(err)
		}
		if err := g.Join(t.Context(), room.JoinRequest{Conn: bad, StudyID: "s1"}, func(room.Joined) {}); err != nil {
			t.Fatal(err)
		}
		m := connect(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		mustPost(t, seat, "one")
		mustPost(t, seat, "two")
		synctest.Wait()
		if got := m.received(); len(got) == 0 || got[len(got)-1] != "2" {
			t.Errorf("received %v, want the second message at least", got)
		}
	})
}

// slow is a connection whose Deliver takes a while, like the deliveries of a large room.
type slow struct{ testConn }

func (s *slow) Deliver(*room.Batch) { time.Sleep(20 * time.Millisecond) }

// A lane that delivers to a busy room must not run the items of others there.
func TestABusyRoomDelaysNoOtherRoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, shared := store.NewMemory(), bus.NewMemory()
		t.Cleanup(func() { shared.Close() })
		a := newRegistry(t, room.Options{Store: s, Bus: shared, Rate: -1, Lanes: 1})
		b := newRegistry(t, room.Options{Store: s, Bus: shared, Rate: -1})
		crowd := &slow{testConn{user: "crowd"}}
		if err := a.Connect(crowd); err != nil {
			t.Fatal(err)
		}
		if err := a.Join(t.Context(), room.JoinRequest{Conn: crowd, StudyID: "lively"}, func(room.Joined) {}); err != nil {
			t.Fatal(err)
		}
		mina := connect(t, a, "mina")
		lively := join(t, a, mina, room.JoinRequest{StudyID: "lively"}).Seat
		quiet := join(t, a, mina, room.JoinRequest{StudyID: "quiet"}).Seat
		talker := join(t, b, connect(t, b, "talker"), room.JoinRequest{StudyID: "lively"}).Seat
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
