package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

func TestNotificationsThatAreRememberedAreBounded(t *testing.T) {
	var s seen
	for i := range maxSeen + 100 {
		if id := fmt.Sprint(i); !s.first("u1", id) || s.first("u1", id) {
			t.Fatalf("notification %s is not new once", id)
		}
	}
	if len(s.keys) != maxSeen || len(s.order) != maxSeen {
		t.Errorf("%d and %d are remembered, want %d", len(s.keys), len(s.order), maxSeen)
	}
	if s.first("u1", "100") {
		t.Error("the newest are forgotten")
	}
	if !s.first("u1", "99") {
		t.Error("the oldest are remembered")
	}
}

func TestWhatIsReadFromTheBusIsBounded(t *testing.T) {
	space := strings.Repeat(" ", maxAnnounced)
	notice := `{"type":"notice","studyId":"s1"}`
	var e StudyEvent
	if err := parse([]byte(notice+space[:maxAnnounced-len(notice)]), &e); err != nil {
		t.Errorf("as much as there may be: %v", err)
	}
	if err := parse([]byte(notice+space), &e); err == nil {
		t.Error("an announcement of any size is read")
	}
	if err := (Publisher{Bus: bus.NewMemory()}).Notify(t.Context(), Notification{Type: "notice", UserIDs: slices.Repeat([]store.UserID{"somebody"}, maxAnnounced/8)}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Notify of more than is read = %v, want ErrInvalid", err)
	}
	news := newsVersion + " hub\n[]"
	if _, err := parseNews([]byte(news+strings.Repeat(" ", maxNews-len(news))), "s1"); err != nil {
		t.Errorf("as much as there may be: %v", err)
	}
	if _, err := parseNews([]byte(news+strings.Repeat(" ", maxNews)), "s1"); err == nil {
		t.Error("news of any size are read")
	}
}

// News come faster than a room can deliver them. What does not fit is read from the
// store later, in order.
func TestNewsThatPileUpAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shared := store.NewMemory(), bus.NewMemory()
		defer shared.Close()
		g := inside(t, s, shared)
		defer g.Close(t.Context())
		slow := &dammed{free: make(chan struct{})}
		if err := g.Connect(slow); err != nil {
			t.Fatal(err)
		}
		if err := g.Join(t.Context(), JoinRequest{Conn: slow, StudyID: "s1"}, func(Joined) {}); err != nil {
			t.Fatal(err)
		}
		r := g.lookup("s1")
		const all, part = 20_000, 500
		for i := range all / part {
			msgs := make([]store.Message, part)
			for j := range msgs {
				msgs[j] = store.Message{StudyID: "s1", UserID: "u2", Content: "text", ClientID: fmt.Sprint(i, "-", j)}
			}
			stored, err := s.Append(t.Context(), msgs)
			if err != nil {
				t.Fatal(err)
			}
			publishNews(t, shared, g.channel("s1"), stored)
			synctest.Wait()
			r.mu.Lock()
			waiting := len(r.inbox)
			r.mu.Unlock()
			if waiting > maxInbox+part {
				t.Fatalf("%d wait in the inbox", waiting)
			}
		}
		close(slow.free)
		time.Sleep(time.Minute)
		synctest.Wait()
		for i, seq := range slow.told {
			if seq != int64(i+1) {
				t.Fatalf("told seq %d in place %d", seq, i+1)
			}
		}
		if len(slow.told) != all {
			t.Errorf("told %d messages, want %d", len(slow.told), all)
		}
	})
}

// dammed takes its first delivery only when it is freed.
type dammed struct {
	listener
	free chan struct{}
	told []int64
}

func (s *dammed) Deliver(b *Batch) {
	<-s.free
	for _, ev := range b.Events {
		s.told = append(s.told, ev.Message.Seq)
	}
}

func TestARateThatIsNoNumberIsRefused(t *testing.T) {
	shared := bus.NewMemory()
	defer shared.Close()
	everyone := store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil })
	if g, err := New(Options{Store: store.NewMemory(), Bus: shared, Members: everyone, Rate: math.NaN()}); err == nil {
		g.Close(t.Context())
		t.Error("New took it")
	}
}

// Whoever can publish can make us believe that much is missing.
func TestWhatWaitsForItsTurnIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := bus.NewMemory()
		defer shared.Close()
		g := inside(t, store.NewMemory(), shared)
		defer g.Close(t.Context())
		if err := g.Connect(listener{}); err != nil {
			t.Fatal(err)
		}
		if err := g.Join(t.Context(), JoinRequest{Conn: listener{}, StudyID: "s1"}, func(Joined) {}); err != nil {
			t.Fatal(err)
		}
		var forged []store.Message
		for i := range 2 * maxAhead {
			forged = append(forged, store.Message{ID: "x", StudyID: "s1", Seq: int64(10 + i), UserID: "u1", Content: "forged", SentAt: time.Now()})
		}
		publishNews(t, shared, g.channel("s1"), forged)
		synctest.Wait()
		waiting := 0
		r := g.lookup("s1")
		r.call(func() { waiting = len(r.ahead) })
		if waiting != maxAhead {
			t.Errorf("%d wait, want %d", waiting, maxAhead)
		}
		time.Sleep(time.Minute)
		r.call(func() { waiting = len(r.ahead) })
		if waiting != 0 {
			t.Errorf("%d still wait for what the store does not have", waiting)
		}
	})
}

// publishNews says msgs as another hub would.
func publishNews(t *testing.T, b bus.Bus, channel string, msgs []store.Message) {
	t.Helper()
	body, err := json.Marshal(msgs)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), bus.Message{Channel: channel, Payload: append([]byte(newsVersion+" other\n"), body...)}); err != nil {
		t.Fatal(err)
	}
}
