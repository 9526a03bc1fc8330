package room_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// counting is a connection that only counts deliveries.
type counting struct {
	user store.UserID
	wg   *sync.WaitGroup
}

func (c *counting) User() store.UserID { return c.user }
func (c *counting) Deliver(b *room.Batch) {
	if c.wg != nil {
		c.wg.Add(-len(b.Events))
	}
}

func benchHub(b *testing.B) *room.Registry {
	shared := bus.NewMemory()
	g, err := room.New(room.Options{Store: store.NewMemory(), Members: everyone, Bus: shared, Alone: true, Rate: -1, MaxQueue: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close(b.Context()); shared.Close() })
	return g
}

func benchJoin(b *testing.B, g *room.Registry, m room.Conn, req room.JoinRequest) *room.Seat {
	req.Conn, req.StudyID = m, "s1"
	var seat *room.Seat
	if err := g.Join(b.Context(), req, func(j room.Joined) { seat = j.Seat }); err != nil {
		b.Fatal(err)
	}
	return seat
}

// One op is one post, stored in memory and delivered to every connection. Posts come as fast
// as they are accepted, so they are stored in batches.
func BenchmarkPost(b *testing.B) {
	for _, members := range []int{2, 20, 200, 2000} {
		b.Run(fmt.Sprint(members, " members"), func(b *testing.B) {
			g := benchHub(b)
			var wg sync.WaitGroup
			var seat *room.Seat
			for i := range members {
				m := &counting{user: store.UserID(fmt.Sprint("u", i))}
				if i == members-1 {
					m.wg = &wg
				}
				if err := g.Connect(m); err != nil {
					b.Fatal(err)
				}
				seat = benchJoin(b, g, m, room.JoinRequest{})
			}
			b.ReportAllocs()
			for b.Loop() {
				wg.Add(1)
				if err := seat.Post(room.Post{UserName: "Mina", Content: "What a member says: a sentence or two of chat."}, func(store.Message, error) {}); err != nil {
					b.Fatal(err)
				}
			}
			wg.Wait()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(members), "ns/delivery")
		})
	}
}

// One op is one client that joins again and gets what it missed.
func BenchmarkCatchUp(b *testing.B) {
	for _, missed := range []int64{0, 100, 500} {
		b.Run(fmt.Sprint(missed, " missed"), func(b *testing.B) {
			g := benchHub(b)
			keep := &counting{user: "keeper"}
			if err := g.Connect(keep); err != nil {
				b.Fatal(err)
			}
			seat := benchJoin(b, g, keep, room.JoinRequest{})
			var wg sync.WaitGroup
			for range 1000 {
				wg.Add(1)
				if err := seat.Post(room.Post{Content: "text"}, func(store.Message, error) { wg.Done() }); err != nil {
					b.Fatal(err)
				}
			}
			wg.Wait()
			m := &counting{user: "reader"}
			if err := g.Connect(m); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				again := benchJoin(b, g, m, room.JoinRequest{After: 1000 - missed, HasAfter: true})
				left := make(chan struct{})
				again.Leave(func() { close(left) })
				<-left
			}
		})
	}
}
