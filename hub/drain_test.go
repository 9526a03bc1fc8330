package hub

import (
	"errors"
	"testing"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestASecondShutdownReturnsErrClosed(t *testing.T) {
	b := bus.NewMemory()
	defer b.Close()
	rooms, err := room.New(room.Options{Store: store.NewMemory(), Members: store.MembersFunc(nil), Bus: b})
	if err != nil {
		t.Fatal(err)
	}
	defer rooms.Close(t.Context())
	h, err := New(rooms, durations, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if err := h.Shutdown(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a second Shutdown = %v, want ErrClosed", err)
	}
}
