package room_test

import (
	"context"
	"errors"
	"fmt"
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

// A counted store counts the rows that History returns, and can be made to fail.
type counted struct {
	store.Store
	calls, rows atomic.Int64
	fails       atomic.Int64 // how many calls fail
}

func (c *counted) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	if c.fails.Add(-1) >= 0 {
		return nil, store.ErrUnavailable
	}
	msgs, err := c.Store.History(ctx, q)
	c.calls.Add(1)
	c.rows.Add(int64(len(msgs)))
	return msgs, err
}

// filled returns a store with messages in studies s0 to s(studies-1).
func filled(t *testing.T, studies, messages int, content string) *counted {
	t.Helper()
	s := &counted{Store: store.NewMemory()}
	for study := range studies {
		batch := make([]store.Message, messages)
		for i := range batch {
			batch[i] = store.Message{StudyID: store.StudyID(fmt.Sprint("s", study)), UserID: "u9", Content: content, ClientID: store.NewClientID()}
		}
		if _, err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// span returns "first" to "last".
func span(first, last int) (out []string) {
	for seq := first; seq <= last; seq++ {
		out = append(out, fmt.Sprint(seq))
	}
	return out
}

func TestAJoinReadsOnlyWhatTheClientLacks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := filled(t, 1, 400, "text")
		at := s.messageAt(t, 399)
		g := newRegistry(t, room.Options{Store: s})
		m := connect(t, g, "mina")
		for _, tt := range []struct {
			name string
			req  room.JoinRequest
			rows int64
		}{
			{"nothing", room.JoinRequest{After: 400, HasAfter: true}, 0},
			{"one, and the time of the one before", room.JoinRequest{After: 399, HasAfter: true, AfterSentAt: at}, 2},
			{"the same again", room.JoinRequest{After: 399, HasAfter: true, AfterSentAt: at}, 0},
			{"ten, of which two are known", room.JoinRequest{After: 390, HasAfter: true}, 8},
		} {
			s.rows.Store(0)
			tt.req.StudyID = "s0"
			if j := join(t, g, m, tt.req); int64(len(j.Replay)) != 400-tt.req.After {
				t.Errorf("%s: %d replayed", tt.name, len(j.Replay))
			}
			if got := s.rows.Load(); got != tt.rows {
				t.Errorf("%s: %d rows were read, want %d", tt.name, got, tt.rows)
			}
		}
	})
}

func (c *counted) messageAt(t *testing.T, seq int64) time.Time {
	msgs, err := c.Store.History(t.Context(), store.Query{StudyID: "s0", After: seq - 1, Limit: 1})
	if err != nil || len(msgs) != 1 {
		t.Fatalf("message %d: %v, %v", seq, msgs, err)
	}
	return msgs[0].SentAt
}

// One user joins a hundred studies and asks each for all it replays.
func TestWhatAllRoomsRememberIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const studies, messages, limit = 100, 60, 1 << 20
		s := filled(t, studies, messages, strings.Repeat("x", store.MaxContent))
		g := newRegistry(t, room.Options{Store: s, MaxMemory: limit, Rate: -1})
		m := connect(t, g, "mina")
		var first *room.Seat
		for i := range studies {
			j := join(t, g, m, room.JoinRequest{StudyID: store.StudyID(fmt.Sprint("s", i)), HasAfter: true})
			m.expect(t, span(1, messages)...)
			if got := g.Stats().Remembered; got > limit {
				t.Fatalf("%d bytes are remembered after %d joins, want at most %d", got, i+1, limit)
			}
			if first == nil {
				first = j.Seat
			}
		}
		if got := g.Stats().Remembered; got < limit/2 {
			t.Errorf("%d bytes are remembered, want nearly %d", got, limit)
		}
		s.calls.Store(0)
		join(t, g, connect(t, g, "newest"), room.JoinRequest{StudyID: "s99", HasAfter: true})
		if s.calls.Load() != 0 {
			t.Error("the room that was used last has forgotten")
		}
		join(t, g, connect(t, g, "oldest"), room.JoinRequest{StudyID: "s0", HasAfter: true})
		if s.calls.Load() == 0 {
			t.Error("the room that was used first still remembers")
		}
		mustPost(t, first, "live")
		m.expect(t, fmt.Sprint(messages+1))
	})
}

func TestRoomsThatAreClosedRememberNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := filled(t, 1, 100, "text")
		g := newRegistry(t, room.Options{Store: s})
		j := join(t, g, connect(t, g, "mina"), room.JoinRequest{StudyID: "s0", HasAfter: true})
		if g.Stats().Remembered == 0 {
			t.Error("the room remembers nothing")
		}
		j.Seat.Leave(func() {})
		synctest.Wait()
		if got := g.Stats().Remembered; got != 0 {
			t.Errorf("%d bytes are remembered without a room", got)
		}
	})
}

// A paced client takes each page of a replay when it is told to.
type paced struct {
	*testConn
	next  chan error
	asked chan struct{}
}

func joinPaced(t *testing.T, g *room.Registry, user store.UserID, from int64) (p *paced, ended chan error) {
	p = &paced{connect(t, g, user), make(chan error), make(chan struct{}, 100)}
	ended = make(chan error, 1)
	go func() {
		_, err := tryJoin(g, p.testConn, room.JoinRequest{StudyID: "s0", After: from, HasAfter: true, Sent: func() error {
			p.asked <- struct{}{}
			return <-p.next
		}})
		ended <- err
	}()
	after(100 * time.Millisecond) // the join may wait for others to ask the store with it
	select {
	case err := <-ended:
		t.Fatalf("Join ended: %v", err)
	default:
	}
	return p, ended
}

func TestAReplayComesAsTheClientReadsIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := filled(t, 1, 400, strings.Repeat("x", store.MaxContent))
		g := newRegistry(t, room.Options{Store: s, Rate: -1})
		writer := join(t, g, connect(t, g, "writer"), room.JoinRequest{StudyID: "s0"}).Seat
		p, ended := joinPaced(t, g, "mina", 0)
		first := p.received()
		if n := len(first); n == 0 || n > 130 {
			t.Fatalf("%d messages came at once", n)
		}
		all, pages := first, 1
		for done := false; !done; pages++ {
			if pages == 2 { // what is said meanwhile comes in its turn
				mustPost(t, writer, "live")
				mustPost(t, writer, "live")
				synctest.Wait()
				if early := p.received(); len(early) > 0 {
					t.Errorf("%v came in the middle of the replay", early)
				}
			}
			p.next <- nil
			synctest.Wait()
			all = append(all, p.received()...)
			select {
			case err := <-ended:
				done = true
				if err != nil {
					t.Error(err)
				}
			default:
			}
		}
		mustPost(t, writer, "live")
		synctest.Wait()
		all = append(all, p.received()...)
		if got, want := strings.Join(all, " "), strings.Join(span(1, 403), " "); got != want {
			t.Errorf("received %s", got)
		}
		if pages < 4 {
			t.Errorf("%d pages", pages)
		}
	})
}

func TestAReplayEndsWithItsClient(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, b bus.Bus, p *paced, s *counted)
		want string // the end of what the client received
		err  error
	}{
		{"that is gone", func(_ *testing.T, _ bus.Bus, p *paced, _ *counted) { p.next <- errors.New("gone") }, "64", nil},
		{"that is kicked", func(t *testing.T, b bus.Bus, p *paced, _ *counted) {
			if err := (room.Publisher{Bus: b}).Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s0", UserID: "mina"}); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			p.next <- nil
		}, "64 -kicked !", nil},
		{"whose store does not answer for a moment", func(_ *testing.T, _ bus.Bus, p *paced, s *counted) {
			s.fails.Store(2)
			p.next <- nil
			time.Sleep(10 * time.Second)
			for range 30 {
				select {
				case p.next <- nil:
				case <-time.After(time.Second):
				}
			}
		}, "400", nil},
		{"whose store does not answer", func(_ *testing.T, _ bus.Bus, p *paced, s *counted) {
			s.fails.Store(1 << 30)
			for range 20 {
				select {
				case p.next <- nil:
				case <-time.After(20 * time.Second):
				}
			}
		}, "64", store.ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := filled(t, 1, 400, strings.Repeat("x", store.MaxContent))
				b := bus.NewMemory()
				defer b.Close()
				g := newRegistry(t, room.Options{Store: s, Bus: b, Rate: -1, CheckHeads: -1})
				p, ended := joinPaced(t, g, "mina", 0)
				tt.do(t, b, p, s)
				if err := <-ended; !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Errorf("Join returned %v, want %v", err, tt.err)
				}
				synctest.Wait()
				got := strings.Join(p.received(), " ")
				if !strings.HasSuffix(got, " "+tt.want) {
					t.Errorf("received %s, want %s in the end", got, tt.want)
				}
			})
		})
	}
}

// The other history begins with the reset: nothing of the old one may follow it.
func TestAResetEndsAReplay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := filled(t, 1, 400, strings.Repeat("x", store.MaxContent))
		other := filled(t, 1, 300, "other")
		swapped := &swap{}
		swapped.set(s)
		g := newRegistry(t, room.Options{Store: swapped, Rate: -1})
		p, ended := joinPaced(t, g, "mina", 0)
		swapped.set(other)
		after(10 * time.Second)
		p.next <- nil
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("the replay goes on")
			p.next <- errors.New("gone")
			<-ended
		}
		synctest.Wait()
		if got := p.received(); got[len(got)-1] != "<300" {
			t.Errorf("received %v", got)
		}
	})
}

// A swap is a store that can be replaced.
type swap struct {
	store.Store
	mu  sync.Mutex
	now store.Store
}

func (s *swap) set(to store.Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = to
	if s.Store == nil {
		s.Store = to
	}
}

func (s *swap) get() store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *swap) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	return s.get().History(ctx, q)
}

func (s *swap) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	return s.get().Heads(ctx, studies)
}

// With Later nothing comes before CatchUp, and everything after it: what was missed, and what was
// said meanwhile.
func TestAReplayMayBeginLater(t *testing.T) {
	for _, from := range []int64{0, 7, 10} {
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := filled(t, 1, 10, "text")
				g := newRegistry(t, room.Options{Store: s})
				writer := join(t, g, connect(t, g, "writer"), room.JoinRequest{StudyID: "s0"}).Seat
				m := connect(t, g, "mina")
				j := join(t, g, m, room.JoinRequest{StudyID: "s0", After: from, HasAfter: true, Later: true})
				if j.CatchUp == nil || j.Seq != 10 || len(j.Replay) > 0 {
					t.Fatalf("joined: %+v", j)
				}
				mustPost(t, writer, "meanwhile")
				synctest.Wait()
				m.expect(t)
				if err := j.CatchUp(); err != nil {
					t.Fatal(err)
				}
				mustPost(t, writer, "live")
				synctest.Wait()
				m.expect(t, span(int(from)+1, 12)...)
			})
		})
	}
}

func TestAReplayThatBeginsLaterIsRefusedAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := filled(t, 1, 600, "text")
		g := newRegistry(t, room.Options{Store: s})
		for _, tt := range []struct {
			name             string
			req              room.JoinRequest
			truncated, reset bool
		}{
			{"too much was missed", room.JoinRequest{After: 1, HasAfter: true}, true, false},
			{"above the newest", room.JoinRequest{After: 601, HasAfter: true}, false, true},
			{"another time", room.JoinRequest{After: 590, HasAfter: true, AfterSentAt: time.Unix(1, 0)}, false, true},
		} {
			tt.req.StudyID, tt.req.Later = "s0", true
			j := join(t, g, connect(t, g, "mina"), tt.req)
			if j.Truncated != tt.truncated || j.Reset != tt.reset || j.CatchUp != nil {
				t.Errorf("%s: %+v", tt.name, j)
			}
		}
	})
}
