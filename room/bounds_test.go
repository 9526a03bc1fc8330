package room

import (
	"encoding/json"
	"errors"
	"fmt"
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
	if err := (Publisher{Bus: bus.NewMemory()}).Notify(t.Context(), Notification{Type: "notice", UserIDs: slices.Repeat([]UserID{"somebody"}, maxAnnounced/8)}); !errors.Is(err, store.ErrInvalid) {
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
		if err := g.Join(t.Context(), JoinRequest{Member: listener{}, StudyID: "s1"}, func(Joined) {}); err != nil {
			t.Fatal(err)
		}
		var forged []Message
		for i := range 2 * maxAhead {
			forged = append(forged, Message{ID: "x", StudyID: "s1", Seq: int64(10 + i), UserID: "u1", Content: "forged", SentAt: time.Now()})
		}
		body, err := json.Marshal(forged)
		if err != nil {
			t.Fatal(err)
		}
		if err := shared.Publish(t.Context(), bus.Message{Channel: g.channel("s1"), Payload: append([]byte(newsVersion+" forger\n"), body...)}); err != nil {
			t.Fatal(err)
		}
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
