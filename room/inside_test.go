package room

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// silent is a connection that ignores what is delivered to it.
type silent struct{}

func (silent) User() store.UserID { return "u1" }
func (silent) Deliver(*Batch)     {}

var anybody = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil })

// inside returns a registry for tests that look into it, with c in study s1.
func inside(t *testing.T, s store.Store, b bus.Bus, c Conn, req JoinRequest) (*Registry, Joined) {
	t.Helper()
	g, err := New(Options{Store: s, Bus: b, Members: anybody, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close(context.Background()) })
	if err := g.Connect(c); err != nil {
		t.Fatal(err)
	}
	var joined Joined
	req.Conn, req.StudyID = c, "s1"
	if err := g.Join(t.Context(), req, func(j Joined) { joined = j }); err != nil {
		t.Fatal(err)
	}
	return g, joined
}

// publishAs publishes msgs in study s1 as another hub would.
func publishAs(t *testing.T, b bus.Bus, node store.NodeID, msgs []store.Message) {
	t.Helper()
	body, err := json.Marshal(msgs)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), bus.Message{Channel: "coup:room:s1", Payload: append([]byte("1 "+node+"\n"), body...)}); err != nil {
		t.Fatal(err)
	}
}

// appendTo stores n messages in study s1.
func appendTo(t *testing.T, s store.Store, n int) []store.Message {
	t.Helper()
	msgs := make([]store.Message, n)
	for i := range msgs {
		msgs[i] = store.Message{StudyID: "s1", UserID: "u2", Content: "text", ClientID: store.NewClientID()}
	}
	stored, err := s.Append(t.Context(), msgs)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestARateThatIsNoNumberIsRefused(t *testing.T) {
	b := bus.NewMemory()
	defer b.Close()
	if g, err := New(Options{Store: store.NewMemory(), Bus: b, Members: anybody, Rate: math.NaN()}); err == nil {
		g.Close(t.Context())
		t.Error("New took it")
	}
}

func TestTheIDCacheHasTheNewestIDs(t *testing.T) {
	var c idCache
	for i := range maxIDs + 100 {
		if id := fmt.Sprint(i); !c.add("u1", id) || c.add("u1", id) {
			t.Fatalf("id %s is not new once", id)
		}
	}
	if len(c.keys) != maxIDs || len(c.order) != maxIDs {
		t.Errorf("%d and %d ids are kept, want %d", len(c.keys), len(c.order), maxIDs)
	}
	if c.add("u1", "100") {
		t.Error("one of the newest ids is forgotten")
	}
	if !c.add("u1", "99") {
		t.Error("one of the oldest ids is kept")
	}
}

// A room that is silent must not keep what one join needed.
func TestASilentRoomForgetsWhatWasReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := store.NewMemory(), bus.NewMemory()
		defer b.Close()
		appendTo(t, s, 400)
		g, _ := inside(t, s, b, silent{}, JoinRequest{After: 10, HasAfter: true})
		defer g.Close(t.Context())
		recent := func() (n, size int) {
			r := g.lookup("s1")
			r.inbox.call(func() { n, size = len(r.timeline.kept.recent), cap(r.timeline.kept.recent) })
			return n, size
		}
		time.Sleep(20 * time.Second)
		if n, _ := recent(); n != 390 {
			t.Errorf("%d messages are kept while clients may reconnect, want 390", n)
		}
		time.Sleep(20 * time.Second)
		if n, size := recent(); n != keepRecent || size > 2*keepRecent {
			t.Errorf("%d messages are kept in memory for %d, want %d", n, size, keepRecent)
		}
	})
}

// The collector scans objects of more than 512 bytes one by one.
func TestAnEventIsNotLarge(t *testing.T) {
	if size := unsafe.Sizeof(Event{}); size > 512 {
		t.Errorf("an Event takes %d bytes", size)
	}
}
