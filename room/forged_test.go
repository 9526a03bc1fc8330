package room_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// forge publishes a message as a hub would that signs nothing.
func forge(t *testing.T, b bus.Bus, seq int64) {
	t.Helper()
	body, err := json.Marshal([]store.Message{{ID: "forged", StudyID: "s1", Seq: seq, UserID: "mallory", Content: "forged", SentAt: time.Now()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), bus.Message{Channel: "coup:room:s1", Payload: append([]byte("1 mallory\n"), body...)}); err != nil {
		t.Fatal(err)
	}
}

// Somebody who can publish names a seq that does not exist, ten times a second. The store is
// asked, and then not for a while. The room lives on.
func TestAForgedSeqIsAskedForOnce(t *testing.T) {
	for _, secrets := range [][][]byte{nil, {[]byte("a secret of 32 bytes and some more")}} {
		for _, seq := range []int64{100, 900, 5000, 1 << 40, math.MaxInt64 - 100} {
			t.Run(fmt.Sprint(len(secrets), " secrets, seq ", seq), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					s, b := newRows(), bus.NewMemory()
					defer b.Close()
					g := newRegistry(t, room.Options{Store: s, Bus: b, CheckHeads: -1, Rate: -1, Secrets: secrets})
					m := connect(t, g, "mina")
					seat := join(t, g, m, room.JoinRequest{}).Seat
					reads := func() int {
						s.mu.Lock()
						defer s.mu.Unlock()
						return s.reads + s.asked
					}
					before := reads()
					var want []string
					for i := range 50 { // a lively room
						forge(t, b, int64(i)+seq)
						mustPost(t, seat, "text")
						want = append(want, fmt.Sprint(i+1))
						after(100 * time.Millisecond)
					}
					m.expect(t, want...)
					if n := reads() - before; n > 20 {
						t.Errorf("the store was asked %d times in 5 s for messages that do not exist", n)
					}
				})
			})
		}
	}
}

// With secrets nothing that is forged is shown. Without, it is gone after one comparison with
// the store.
func TestTheNextSeqForgedHidesNothing(t *testing.T) {
	for _, secrets := range [][][]byte{nil, {[]byte("a secret of 32 bytes and some more")}} {
		t.Run(fmt.Sprint(len(secrets), " secrets"), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				b := bus.NewMemory()
				defer b.Close()
				s := store.NewMemory()
				opts := room.Options{Store: s, Bus: b, Rate: -1, Secrets: secrets}
				g, other := newRegistry(t, opts), newRegistry(t, opts)
				m := connect(t, g, "mina")
				seat := join(t, g, m, room.JoinRequest{}).Seat
				distant := join(t, other, connect(t, other, "jun"), room.JoinRequest{}).Seat
				mustPost(t, seat, "one")
				m.expect(t, "1")
				forge(t, b, 2)
				for range 2000 {
					forge(t, b, 3)
				}
				after(10 * time.Millisecond)
				if j := join(t, g, connect(t, g, "newcomer"), room.JoinRequest{}); j.Seq != 1 {
					t.Errorf("a newcomer joins at %d, and the store has 1", j.Seq)
				}
				// The newcomer has made the room compare with the store.
				forged := m.received()
				if secrets != nil && len(forged) > 0 || secrets == nil && fmt.Sprint(forged) != "[2 3 <1]" {
					t.Errorf("%v was delivered", forged)
				}
				mustPost(t, distant, "two")
				mustPost(t, distant, "three")
				after(4 * time.Second)
				if late := m.received(); fmt.Sprint(late) != "[2 3]" {
					t.Errorf("received %v, want the true messages", late)
				}
				mustPost(t, distant, "four")
				m.expect(t, "4")
			})
		})
	}
}

// A hub of the version before signs nothing. Its messages come at once, from the store.
func TestMessagesOfAHubThatSignsNothingAreReadFromTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := bus.NewMemory()
		defer b.Close()
		s := store.NewMemory()
		g := newRegistry(t, room.Options{Store: s, Bus: b, CheckHeads: -1, Secrets: [][]byte{[]byte("a secret of 32 bytes and some more")}})
		old := newRegistry(t, room.Options{Store: s, Bus: b, CheckHeads: -1})
		m, of := connect(t, g, "mina"), connect(t, old, "jun")
		join(t, g, m, room.JoinRequest{})
		seat := join(t, old, of, room.JoinRequest{}).Seat
		for i := range 5 {
			mustPost(t, seat, "text")
			after(200 * time.Millisecond)
			m.expect(t, fmt.Sprint(i+1))
		}
	})
}

func TestSecretsAreChecked(t *testing.T) {
	b := bus.NewMemory()
	defer b.Close()
	long := []byte("a secret of 32 bytes and some more")
	for _, secrets := range [][][]byte{{[]byte("short")}, {long, nil}, {long, long, long}} {
		if g, err := room.New(room.Options{Store: store.NewMemory(), Members: everyone, Bus: b, Secrets: secrets}); err == nil {
			g.Close(t.Context())
			t.Errorf("New took %d secrets, the last of %d bytes", len(secrets), len(secrets[len(secrets)-1]))
		}
	}
}
