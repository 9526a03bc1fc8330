package room_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestClientsLearnThatTheStoreWentBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		// posts is how many messages are posted right after the store went back from 20 to 10.
		posts int
	}{
		{"before anybody posts", 0},
		{"when somebody posts", 5},
		{"when more is posted than was lost", 15},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, shared := newRows(), bus.NewMemory()
				defer shared.Close()
				a := newRegistry(t, room.Options{Store: s, Bus: shared, Rate: -1})
				b := newRegistry(t, room.Options{Store: s, Bus: shared, Rate: -1})
				mina, jun := connect(t, a, "mina"), connect(t, b, "jun")
				seat := join(t, a, mina, room.JoinRequest{}).Seat
				join(t, b, jun, room.JoinRequest{})
				for range 20 {
					mustPost(t, seat, "text")
				}
				synctest.Wait()
				mina.received()
				jun.received()

				s.restore(10)
				after(time.Millisecond)
				for range tt.posts {
					mustPost(t, seat, "after")
				}
				after(5 * time.Second)
				for _, c := range []*testConn{mina, jun} {
					shown := shownBy(c.received(), 20)
					if head := int64(10 + tt.posts); shown != head {
						t.Errorf("%s has seen everything up to %d, want %d", c.user, shown, head)
					}
				}
				mustPost(t, seat, "later")
				want := []string{seq(int64(11 + tt.posts))}
				mina.expect(t, want...)
				jun.expect(t, want...)
				if n := a.Stats().Resets; n != 1 {
					t.Errorf("%d resets, want 1", n)
				}
				late := connect(t, b, "late")
				join(t, b, late, room.JoinRequest{HasAfter: true, After: 8})
				if got := late.received(); len(got) != 3+tt.posts {
					t.Errorf("a newcomer gets %v", got)
				}
			})
		})
	}
}

// The room does not remember the message that had the seq before, and compares no heads.
func TestANewMessageWithAnOldSeqShowsThatTheStoreWentBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newRows()
		g := newRegistry(t, room.Options{Store: s, Rate: -1, CheckHeads: -1})
		mina := connect(t, g, "mina")
		seat := join(t, g, mina, room.JoinRequest{}).Seat
		for range 600 {
			mustPost(t, seat, "text")
		}
		synctest.Wait()
		mina.received()
		s.restore(10)
		mustPost(t, seat, "after")
		after(time.Second)
		if shown := shownBy(mina.received(), 600); shown != 11 {
			t.Errorf("mina has seen everything up to %d, want 11", shown)
		}
	})
}

// shownBy returns up to which seq a client has seen everything, if it had seen all up to
// head and then received events. A reset makes it read history anew.
func shownBy(received []string, head int64) int64 {
	for _, ev := range received {
		var to int64
		switch {
		case ev[0] == '<':
			head = number(ev[1:])
		case ev[0] >= '0' && ev[0] <= '9':
			if to = number(ev); to > head {
				head = to
			}
		}
	}
	return head
}

// A server that is about to stop may answer from the past once.
func TestOneLowHeadIsNoReset(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newRows()
		low := &lowOnce{rows: s}
		g := newRegistry(t, room.Options{Store: low})
		mina := connect(t, g, "mina")
		s.add(5)
		seat := join(t, g, mina, room.JoinRequest{}).Seat
		mustPost(t, seat, "text")
		mina.expect(t, "6")
		low.next.Store(true)
		after(10 * time.Second)
		mina.expect(t)
		low.next.Store(true)
		if j := join(t, g, connect(t, g, "jun"), room.JoinRequest{HasAfter: true, After: 6}); j.Reset || j.Seq != 6 {
			t.Errorf("joined with %+v", j)
		}
		if n := g.Stats().Resets; n != 0 {
			t.Errorf("%d resets", n)
		}
	})
}

// lowOnce answers one question for heads from the past.
type lowOnce struct {
	*rows
	next atomic.Bool
}

func (l *lowOnce) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	heads, err := l.rows.Heads(ctx, studies)
	if l.next.Swap(false) {
		heads["s1"]--
	}
	return heads, err
}

func TestAResumeOfAnotherHistoryIsReset(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after int64
		other bool // the client saw another message at after
		reset bool
	}{
		{"above the head", 21, false, true},
		{"at the head, another time", 20, true, true},
		{"at the head", 20, false, false},
		{"before the head, another time", 7, true, true},
		{"before the head", 7, false, false},
		{"at a message that is gone", 5, true, false},
		{"from the beginning", 0, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				for _, known := range []bool{true, false} {
					s := newRows()
					s.add(10)
					after(time.Second)
					var g *room.Registry
					if known {
						g = newRegistry(t, room.Options{Store: s})
						seat := join(t, g, connect(t, g, "first"), room.JoinRequest{HasAfter: true}).Seat
						for range 10 {
							mustPost(t, seat, "text")
						}
					} else {
						s.add(10)
						g = newRegistry(t, room.Options{Store: s})
					}
					sentAt := s.sentAt(tt.after)
					if tt.other {
						sentAt = sentAt.Add(-time.Minute)
					}
					s.erase(5, 5)
					after(2 * time.Minute) // what hubs remember is from before
					mina := connect(t, g, "mina")
					j := join(t, g, mina, room.JoinRequest{HasAfter: true, After: tt.after, AfterSentAt: sentAt})
					if j.Reset != tt.reset || j.Seq != 20 || tt.reset && len(j.Replay) > 0 {
						t.Errorf("known %v: joined with reset %v, seq %d, %d replayed; want reset %v", known, j.Reset, j.Seq, len(j.Replay), tt.reset)
					}
					if want := int(20 - tt.after); !tt.reset && len(j.Replay) != want && len(j.Replay) != want-1 {
						t.Errorf("known %v: %d replayed, want %d", known, len(j.Replay), want)
					}
				}
			})
		})
	}
}

// Clients that come back together and have missed nothing must not each cost a read.
func TestResumesShareTheirReads(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newRows()
		s.add(300)
		g := newRegistry(t, room.Options{Store: s})
		for i := range 50 {
			join(t, g, connect(t, g, user(i)), room.JoinRequest{HasAfter: true, After: 300, AfterSentAt: s.sentAt(300)})
		}
		if s.reads != 1 {
			t.Errorf("%d reads, want 1", s.reads)
		}
	})
}
