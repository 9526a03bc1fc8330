package room

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

type listener struct{}

func (listener) User() store.UserID { return "u1" }
func (listener) Deliver(*Batch)     {}

// inside returns a registry for tests that look into it.
func inside(t *testing.T, s store.Store, b bus.Bus) *Registry {
	t.Helper()
	g, err := New(Options{Store: s, Bus: b, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil })})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A silent room must not keep for ever what one client asked to have again.
func TestASilentRoomForgetsWhatWasReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, news := store.NewMemory(), bus.NewMemory()
		for i := range 400 {
			if _, err := s.Append(t.Context(), []store.Message{{StudyID: "s1", UserID: "u1", Content: "text", ClientID: string(rune('a'+i%26)) + time.Duration(i).String()}}); err != nil {
				t.Fatal(err)
			}
		}
		g := inside(t, s, news)
		defer news.Close()
		defer g.Close(t.Context())
		if err := g.Connect(listener{}); err != nil {
			t.Fatal(err)
		}
		missed := 0
		if err := g.Join(t.Context(), JoinRequest{Conn: listener{}, StudyID: "s1", After: 10, HasAfter: true}, func(j Joined) { missed = len(j.Replay) }); err != nil || missed != 390 {
			t.Fatalf("joined with %d replayed (%v), want 390", missed, err)
		}
		kept := func() (n, room int) {
			r := g.lookup("s1")
			r.call(func() { n, room = len(r.recent), cap(r.recent) })
			return n, room
		}
		time.Sleep(20 * time.Second)
		if n, _ := kept(); n != 400 {
			t.Errorf("%d messages are remembered while a herd may come back, want 400", n)
		}
		time.Sleep(20 * time.Second)
		if n, room := kept(); n != keepRecent || room > 2*keepRecent {
			t.Errorf("%d messages are remembered in silence, with room for %d, want %d", n, room, keepRecent)
		}
	})
}
