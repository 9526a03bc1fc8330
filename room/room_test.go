package room_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// two makes two hubs over one store and a bus that drops what drop says.
func two(t *testing.T, drop func(bus.Message) bool) (a, b *room.Registry, shared *bus.Memory) {
	t.Helper()
	shared = bus.NewMemory()
	t.Cleanup(func() { shared.Close() })
	s := store.NewMemory()
	return hub(t, room.Options{Store: s, Bus: lossy{shared, drop}}), hub(t, room.Options{Store: s, Bus: shared}), shared
}

func TestMessagesOfOtherHubsArriveInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b, _ := two(t, func(bus.Message) bool { return false })
		mina, jun := enter(t, a, "mina"), enter(t, b, "jun")
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

func TestAMissedMessageIsReadFromTheStore(t *testing.T) {
	dropped := func(n *atomic.Int64, which int64) func(bus.Message) bool {
		return func(m bus.Message) bool { return strings.Contains(m.Channel, "room:") && n.Add(1) == which }
	}
	t.Run("when the next one comes", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			var n atomic.Int64
			a, b, _ := two(t, dropped(&n, 2))
			mina, jun := enter(t, a, "mina"), enter(t, b, "jun")
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
			mina, jun := enter(t, a, "mina"), enter(t, b, "jun")
			seat := join(t, a, mina, room.JoinRequest{}).Seat
			join(t, b, jun, room.JoinRequest{})
			mustPost(t, seat, "the last before a silence")
			jun.expect(t)
			after(5 * time.Second)
			jun.expect(t, "1")
		})
	})
}

func TestForgedNewsDoNotStopARoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, _, shared := two(t, func(bus.Message) bool { return false })
		mina := enter(t, a, "mina")
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

// A store that lost a message for good must not silence its study.
func TestAHoleInTheStoreIsPassedOver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := holed{store.NewMemory(), 2}
		shared := bus.NewMemory()
		defer shared.Close()
		a, b := hub(t, room.Options{Store: s, Bus: lossy{shared, func(bus.Message) bool { return true }}}), hub(t, room.Options{Store: s, Bus: shared})
		mina, jun := enter(t, a, "mina"), enter(t, b, "jun")
		seat := join(t, a, mina, room.JoinRequest{}).Seat
		join(t, b, jun, room.JoinRequest{})
		for range 3 {
			mustPost(t, seat, "text")
		}
		after(20 * time.Second)
		jun.expect(t, "1", "3")
		late := enter(t, b, "late")
		join(t, b, late, room.JoinRequest{HasAfter: true})
		late.expect(t, "1", "3")
	})
}

// holed hides the message with one seq.
type holed struct {
	store.Store
	seq int64
}

func (h holed) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	msgs, err := h.Store.History(ctx, q)
	var rest []store.Message
	for _, m := range msgs {
		if m.Seq != h.seq {
			rest = append(rest, m)
		}
	}
	return rest, err
}

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
				writer := hub(t, room.Options{Store: s, Rate: -1})
				w := enter(t, writer, "writer")
				seat := join(t, writer, w, room.JoinRequest{}).Seat
				for range tt.said {
					mustPost(t, seat, "text")
				}
				g := writer
				if !tt.warm {
					g = hub(t, room.Options{Store: s})
				}
				m := enter(t, g, "reader")
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

// asked counts calls of History.
type asked struct {
	store.Store
	n atomic.Int64
}

func (a *asked) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	a.n.Add(1)
	time.Sleep(10 * time.Millisecond)
	return a.Store.History(ctx, q)
}

func TestAHerdThatComesBackSharesOneRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &asked{Store: store.NewMemory()}
		before := hub(t, room.Options{Store: s, Rate: -1})
		seat := join(t, before, enter(t, before, "writer"), room.JoinRequest{}).Seat
		for range 300 {
			mustPost(t, seat, "text")
		}
		g := hub(t, room.Options{Store: s, Rate: -1})
		said := 300
		lively := join(t, g, enter(t, g, "lively"), room.JoinRequest{}).Seat
		for from := 0; from < 200; from += 40 {
			var wg sync.WaitGroup
			for i := from; i < from+40; i++ {
				m := enter(t, g, store.UserID(fmt.Sprint("u", i)))
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
		if n := s.n.Load(); n > 2 {
			t.Errorf("History was asked %d times", n)
		}
	})
}

// overtaken has a join that Members has looked at, and answers late, overtaken by the
// end of the membership.
func overtaken(t *testing.T, opts room.Options, end func()) (*room.Registry, *member) {
	t.Helper()
	var gone atomic.Bool
	asked, answer := make(chan struct{}, 4), make(chan struct{})
	opts.Members = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
		was := gone.Load()
		asked <- struct{}{}
		<-answer
		if was {
			return "", store.ErrNotFound
		}
		return "member", nil
	})
	g := hub(t, opts)
	m := enter(t, g, "mina")
	result := make(chan error)
	go func() { _, err := tryJoin(g, m, room.JoinRequest{}); result <- err }()
	<-asked
	gone.Store(true)
	end()
	close(answer)
	if err := <-result; !errors.Is(err, room.ErrForbidden) {
		t.Errorf("Join = %v, want ErrForbidden", err)
	}
	return g, m
}

func TestAKickOvertakesAJoin(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := bus.NewMemory()
		defer b.Close()
		g, m := overtaken(t, room.Options{Bus: b}, func() {
			if err := (room.Publisher{Bus: b}).Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "mina", Message: "out"}); err != nil {
				t.Fatal(err)
			}
		})
		m.expect(t, "!out")
		if g.Stats().Rooms != 0 {
			t.Error("the room stays open")
		}
	})
}

// register says who is a member until they are gone, one at a time.
type register struct {
	gone, asked, away atomic.Bool
	takes             time.Duration
}

func (r *register) Member(context.Context, store.StudyID, store.UserID) (string, error) {
	r.asked.Store(true)
	time.Sleep(r.takes)
	switch {
	case r.away.Load():
		return "", errBroken
	case r.gone.Load():
		return "", store.ErrNotFound
	}
	return "", nil
}

// directory is a register that answers for many.
type directory struct {
	register
	batches  atomic.Int64
	oneByOne atomic.Bool
	broken   atomic.Bool
}

func (d *directory) Roles(_ context.Context, of []store.Membership) (map[store.Membership]string, error) {
	d.batches.Add(1)
	switch {
	case d.oneByOne.Load():
		return nil, fmt.Errorf("ask for one: %w", errors.ErrUnsupported)
	case d.away.Load() || d.broken.Load():
		return nil, errBroken
	}
	roles := map[store.Membership]string{}
	for _, m := range of {
		if !d.gone.Load() || m.UserID == "stays" {
			roles[m] = ""
		}
	}
	return roles, nil
}

func TestALostMembershipIsNoticedByPosting(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		g := hub(t, room.Options{Members: &members, MemberCache: -1})
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		members.gone.Store(true)
		mustPost(t, seat, "asks")
		synctest.Wait()
		if got := m.told(); !slices.Contains(got, "-membership_lost") {
			t.Errorf("told %v, want to be put out", got)
		}
		if err := seat.Post(room.Post{Content: "x"}, nil); !errors.Is(err, room.ErrNotJoined) {
			t.Errorf("Post = %v, want ErrNotJoined", err)
		}
	})
}

// Where nothing is believed, a lost membership is noticed however fast one post
// follows the other: the next is asked about before the last has its answer.
func TestALostMembershipIsNoticedByPostingWithoutAPause(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		members := register{takes: 150 * time.Millisecond}
		g := hub(t, room.Options{Members: &members, MemberCache: -1, Rate: -1})
		seat := join(t, g, enter(t, g, "mina"), room.JoinRequest{}).Seat
		members.gone.Store(true)
		posts := 0
		for ; posts < 50; posts++ {
			if _, err := post(seat, "on and on"); errors.Is(err, room.ErrNotJoined) {
				break
			}
			after(100 * time.Millisecond)
		}
		if posts > 3 {
			t.Errorf("%d posts were taken, want no more than the first answer took", posts)
		}
	})
}

// Whom the confirmations do not reach is asked about when they post.
func TestALostMembershipIsNoticedByPostingAfterAWhile(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		members.broken.Store(true)
		g := hub(t, room.Options{Members: &members})
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		members.gone.Store(true)
		after(29 * time.Second)
		mustPost(t, seat, "still believed")
		m.expect(t, "1")
		after(2 * time.Second)
		mustPost(t, seat, "asks")
		synctest.Wait()
		if got := m.told(); !slices.Contains(got, "-membership_lost") {
			t.Errorf("told %v, want to be put out", got)
		}
	})
}

func TestALostMembershipIsNoticedInSilence(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members register
		g := hub(t, room.Options{Members: &members})
		m := enter(t, g, "mina")
		join(t, g, m, room.JoinRequest{})
		members.away.Store(true)
		after(time.Minute)
		m.expect(t) // nobody can tell
		members.away.Store(false)
		members.gone.Store(true)
		after(15 * time.Second)
		m.expect(t, "-membership_lost")
		if _, err := tryJoin(g, m, room.JoinRequest{}); !errors.Is(err, room.ErrForbidden) {
			t.Errorf("join = %v, want ErrForbidden", err)
		}
	})
}

// A backend that answers for one only is asked for each, with a deadline for each.
func TestMembershipsAreConfirmedOneByOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		members.oneByOne.Store(true)
		members.takes = 20 * time.Millisecond
		g := hub(t, room.Options{Members: &members})
		var out []*member
		for i := range 300 {
			m := enter(t, g, store.UserID(fmt.Sprint("u", i)))
			join(t, g, m, room.JoinRequest{})
			out = append(out, m)
		}
		members.gone.Store(true)
		after(21 * time.Second) // 15 s, and 6 s for all
		for _, m := range out {
			m.expect(t, "-membership_lost")
		}
	})
}

// A join that is let in on what was known before must not stay for long.
func TestALostMembershipIsNoticedAfterComingBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		g := hub(t, room.Options{Members: &members})
		m := enter(t, g, "mina")
		j := join(t, g, m, room.JoinRequest{})
		members.gone.Store(true) // and no hub hears of it
		lost := time.Now()
		j.Seat.Leave(func() {})
		for time.Since(lost) < 30*time.Second {
			j, err := tryJoin(g, m, room.JoinRequest{})
			if err == nil {
				j.Seat.Leave(func() {})
			}
			after(100 * time.Millisecond)
		}
		if _, err := tryJoin(g, m, room.JoinRequest{}); !errors.Is(err, room.ErrForbidden) {
			t.Errorf("join after 30 s = %v, want ErrForbidden", err)
		}
	})
}

func TestMembershipsAreConfirmedInBatches(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var members directory
		g := hub(t, room.Options{Members: &members, MemberCache: 30 * time.Second})
		stays := enter(t, g, "stays")
		join(t, g, stays, room.JoinRequest{})
		var out []*member
		for i := range 600 {
			m := enter(t, g, store.UserID(fmt.Sprint("u", i)))
			join(t, g, m, room.JoinRequest{})
			out = append(out, m)
		}
		members.asked.Store(false)
		after(15 * time.Second)
		members.away.Store(true)
		after(15 * time.Second)
		stays.expect(t)
		members.away.Store(false)
		members.gone.Store(true)
		after(15 * time.Second)
		for _, m := range out {
			m.expect(t, "-membership_lost")
		}
		stays.expect(t)
		if n := members.batches.Load(); members.asked.Load() || n != 9 {
			t.Errorf("601 members were confirmed three times in %d batches, one by one: %v; want 9", n, members.asked.Load())
		}
	})
}

func TestAnEmptyRoomLeavesNothingBehind(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				m := &member{user: store.UserID(fmt.Sprint("u", i))}
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

// buggy panics on the first delivery.
type buggy struct {
	member
	once sync.Once
}

func (b *buggy) Deliver(batch *room.Batch) {
	b.once.Do(func() { panic("a bug") })
	b.member.Deliver(batch)
}

func TestABugInOneDeliveryDoesNotStopTheRoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := hub(t, room.Options{})
		bad := &buggy{member: member{user: "bad"}}
		if err := g.Connect(bad); err != nil {
			t.Fatal(err)
		}
		if err := g.Join(t.Context(), room.JoinRequest{Conn: bad, StudyID: "s1"}, func(room.Joined) {}); err != nil {
			t.Fatal(err)
		}
		m := enter(t, g, "mina")
		seat := join(t, g, m, room.JoinRequest{}).Seat
		mustPost(t, seat, "one")
		mustPost(t, seat, "two")
		synctest.Wait()
		if got := m.told(); len(got) == 0 || got[len(got)-1] != "2" {
			t.Errorf("told %v, want the second message at least", got)
		}
	})
}
