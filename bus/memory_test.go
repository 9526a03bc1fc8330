package bus_test

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/bus/bustest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	bustest.Run(t, func(*testing.T) (a, b bus.Bus) {
		m := bus.NewMemory()
		return m, m
	})
}

func TestMemoryReportsAGapForDroppedMessages(t *testing.T) {
	m := bus.NewMemory()
	defer m.Close()
	var got []string
	half := []byte(strings.Repeat("x", 6<<20))
	publish := func(p []byte) error {
		return m.Publish(t.Context(), bus.Message{Channel: "room", Payload: p})
	}
	_, err := m.Subscribe("room", bus.Handler{
		Message: func(p []byte) {
			got = append(got, string(p[:1]))
			if string(p) != "first" {
				return
			}
			for i := range 4 { // the queue holds two
				if err := publish(half); (err == nil) != (i < 2) {
					t.Errorf("Publish %d behind a slow handler = %v", i, err)
				}
			}
			if err := publish([]byte("last")); err != nil {
				t.Errorf("Publish of a message that still fits = %v", err)
			}
		},
		Gap: func() { got = append(got, "gap") },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := publish([]byte("first")); err != nil {
		t.Errorf("Publish = %v", err)
	}
	if got, want := strings.Join(got, " "), "f x x gap l"; got != want {
		t.Errorf("the handler got %q, want %q", got, want)
	}
}

// The second of two dropped messages is a gap for a subscription made between them.
func TestMemoryReportsAGapToALateSubscription(t *testing.T) {
	m := bus.NewMemory()
	defer m.Close()
	fill := []byte(strings.Repeat("x", 6<<20))
	publish := func(p []byte) { _ = m.Publish(t.Context(), bus.Message{Channel: "room", Payload: p}) }
	gaps := 0
	subscribe := func(h bus.Handler) {
		if _, err := m.Subscribe("room", h); err != nil {
			t.Fatal(err)
		}
	}
	subscribe(bus.Handler{Message: func(p []byte) {
		if string(p) == "first" {
			for range 3 { // the queue holds two
				publish(fill)
			}
			subscribe(bus.Handler{Gap: func() { gaps++ }})
			publish(fill)
		}
	}})
	publish([]byte("first"))
	if gaps != 1 {
		t.Errorf("the late subscription got %d gaps, want 1", gaps)
	}
}

func TestMemoryWorksAfterAHandlerPanics(t *testing.T) {
	m := bus.NewMemory()
	calls := 0
	if _, err := m.Subscribe("room", bus.Handler{Message: func([]byte) {
		if calls++; calls == 1 {
			panic("handler")
		}
	}}); err != nil {
		t.Fatal(err)
	}
	publish := func() (panicked any) {
		defer func() { panicked = recover() }()
		if err := m.Publish(t.Context(), bus.Message{Channel: "room"}); err != nil {
			t.Errorf("Publish = %v", err)
		}
		return nil
	}
	if got := publish(); got != "handler" {
		t.Errorf("Publish into a panicking handler panicked with %v, want its panic", got)
	}
	if got := publish(); got != nil || calls != 2 {
		t.Errorf("the next Publish panicked with %v after %d calls, want none after 2", got, calls)
	}
	if err := m.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

func BenchmarkMemoryPublishWithoutSubscribers(b *testing.B) {
	m := bus.NewMemory()
	defer m.Close()
	ctx, msg := b.Context(), bus.Message{Channel: "room", Payload: []byte("x")}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Publish(ctx, msg); err != nil {
			b.Fatal(err)
		}
	}
}

// The queue holds copies: a publisher may reuse its payload after Publish returns.
func TestMemoryCopiesQueuedPayloads(t *testing.T) {
	m := bus.NewMemory()
	defer m.Close()
	var got []string
	payload := []byte("first")
	publish := func() {
		if err := m.Publish(t.Context(), bus.Message{Channel: "room", Payload: payload}); err != nil {
			t.Error(err)
		}
	}
	if _, err := m.Subscribe("room", bus.Handler{Message: func(p []byte) {
		got = append(got, string(p))
		if len(got) > 1 {
			return
		}
		payload = []byte("later")
		publish()
		copy(payload, "spoil") // the queue has its own copy
	}}); err != nil {
		t.Fatal(err)
	}
	publish()
	if want := []string{"first", "later"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
