package room_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func seq(n int64) string { return strconv.FormatInt(n, 10) }

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

func user(i int) store.UserID { return store.UserID(fmt.Sprint("user", i)) }

// Rows that are gone must not be waited for.
func TestAGapAcrossRowsThatAreGoneIsFilledAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name        string
		first, last int64
		want        []string
	}{
		{"at its beginning", 1, 2, []string{"3", "4"}},
		{"in the middle", 2, 3, []string{"1", "4"}},
		{"at its end", 3, 4, []string{"1", "2"}},
		{"all of it", 1, 4, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, events := newRows(), newGappy(t)
				g := newRegistry(t, room.Options{Store: s, Bus: events, CheckHeads: -1})
				mina := connect(t, g, "mina")
				seat := join(t, g, mina, room.JoinRequest{}).Seat
				s.add(4)
				s.erase(tt.first, tt.last)
				events.gap()
				after(100 * time.Millisecond)
				mina.expect(t, tt.want...)
				begin := time.Now()
				mustPost(t, seat, "next")
				mina.expect(t, "5")
				if took := time.Since(begin); took > 0 {
					t.Errorf("the next message took %v", took)
				}
			})
		})
	}
}

func TestErasedMessagesAreForgotten(t *testing.T) {
	replayed := func(t *testing.T, g *room.Registry, name string) []string {
		t.Helper()
		c := connect(t, g, store.UserID(name))
		join(t, g, c, room.JoinRequest{HasAfter: true})
		synctest.Wait()
		return c.received()
	}
	t.Run("at once with the event", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			s, shared := newRows(), bus.NewMemory()
			defer shared.Close()
			g := newRegistry(t, room.Options{Store: s, Bus: shared})
			mina := connect(t, g, "mina")
			seat := join(t, g, mina, room.JoinRequest{}).Seat
			for range 5 {
				mustPost(t, seat, "text")
			}
			mina.expect(t, "1", "2", "3", "4", "5")
			s.erase(2, 3)
			p := room.Publisher{Bus: shared}
			if err := p.Announce(context.Background(), room.StudyEvent{Type: room.MessagesErased, StudyID: "s1", From: 2, To: 3}); err != nil {
				t.Fatal(err)
			}
			mina.expect(t, "x2-3")
			if got := replayed(t, g, "jun"); fmt.Sprint(got) != "[1 4 5]" {
				t.Errorf("replayed %v", got)
			}
			if err := p.Announce(context.Background(), room.StudyEvent{Type: room.MessagesErased, StudyID: "s1"}); err != nil {
				t.Fatal(err)
			}
			mina.expect(t, "x1-5")
			if got := replayed(t, g, "noa"); fmt.Sprint(got) != "[1 4 5]" {
				t.Errorf("replayed %v of the messages that the store still has", got)
			}
		})
	})
	t.Run("in a minute without it", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			s := newRows()
			g := newRegistry(t, room.Options{Store: s, CheckHeads: -1})
			seat := join(t, g, connect(t, g, "mina"), room.JoinRequest{}).Seat
			for range 5 {
				mustPost(t, seat, "text")
			}
			replayed(t, g, "before") // the store was read just now
			s.erase(2, 3)
			after(time.Minute)
			if got := replayed(t, g, "jun"); fmt.Sprint(got) != "[1 4 5]" {
				t.Errorf("replayed %v", got)
			}
		})
	})
}

func TestARangeThatIsNoneIsRefused(t *testing.T) {
	b := bus.NewMemory()
	defer b.Close()
	for _, e := range []room.StudyEvent{{From: -1}, {To: -1}, {From: 3, To: 2}} {
		e.Type, e.StudyID = room.MessagesErased, "s1"
		if err := (room.Publisher{Bus: b}).Announce(t.Context(), e); err == nil {
			t.Errorf("%+v was published", e)
		}
	}
}

// A range that names no message of the study is not passed on.
func TestAnErasedRangeEndsAtTheNewestMessage(t *testing.T) {
	for _, tt := range []struct {
		from, to int64
		want     []string
	}{
		{3, 0, []string{"x3-5"}},
		{3, math.MaxInt64, []string{"x3-5"}},
		{0, 1 << 60, []string{"x1-5"}},
		{6, 0, nil},
		{6, 9, nil},
	} {
		inBubble(t, func(t *testing.T) {
			s, b := newRows(), bus.NewMemory()
			defer b.Close()
			s.add(5)
			g := newRegistry(t, room.Options{Store: s, Bus: b})
			m := connect(t, g, "mina")
			join(t, g, m, room.JoinRequest{})
			if err := (room.Publisher{Bus: b}).Announce(t.Context(), room.StudyEvent{Type: room.MessagesErased, StudyID: "s1", From: tt.from, To: tt.to}); err != nil {
				t.Fatal(err)
			}
			m.expect(t, tt.want...)
		})
	}
}

// The sender of a message is known also if others before it had to be read from the store.
func TestAMessageAfterAGapKeepsItsSender(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newRows()
		g := newRegistry(t, room.Options{Store: s, CheckHeads: -1})
		m := connect(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		s.add(1)
		mustPost(t, seat, "mine")
		after(time.Second)
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.events) != 2 || m.events[0].From != nil || m.events[1].From != room.Conn(m) {
			t.Errorf("%d events, want one of nobody here and one of mina", len(m.events))
		}
	})
}
