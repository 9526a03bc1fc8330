package relay

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// message returns a message as a store returns it.
func message(study store.StudyID, seq int64, content string) store.Message {
	return store.Message{ID: "id", StudyID: study, Seq: seq, UserID: "mina", Content: content, SentAt: time.Unix(0, 0).UTC()}
}

// start runs a relay on b until the test ends.
func start(t *testing.T, b bus.Bus, node store.NodeID) *Relay {
	w := work.NewGroup(time.Second)
	r := New(Options{Bus: b, Node: node, Prefix: "test:", Work: w, Log: slog.New(slog.DiscardHandler)})
	w.Go(r.Run)
	w.Go(r.Watch)
	t.Cleanup(func() { w.End(); w.Wait() })
	return r
}

// A receiver collects what a relay receives in one study.
type receiver struct {
	mu   sync.Mutex // guards seqs
	seqs []int64
	gaps atomic.Int64
	// hints is how many there were, and hint the last one.
	hints, hint atomic.Int64
}

func receive(t *testing.T, r *Relay, study store.StudyID) *receiver {
	var rec receiver
	sub, err := r.Subscribe(study, Listener{
		Messages: func(msgs []store.Message) {
			rec.mu.Lock()
			defer rec.mu.Unlock()
			for _, m := range msgs {
				rec.seqs = append(rec.seqs, m.Seq)
			}
		},
		Hint: func(seq int64) { rec.hints.Add(1); rec.hint.Store(seq) },
		Gap:  func() { rec.gaps.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	return &rec
}

func (rec *receiver) expect(t *testing.T, want ...int64) {
	t.Helper()
	synctest.Wait()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if !slices.Equal(rec.seqs, want) {
		t.Errorf("received seqs %v, want %v", rec.seqs, want)
	}
}

func newBus(t *testing.T) bus.Bus {
	b := bus.NewMemory()
	t.Cleanup(func() { b.Close() })
	return b
}

func TestMessagesReachTheOtherHubsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t)
		one, two := start(t, b, "hub-1"), start(t, b, "hub-2")
		own, other, elsewhere := receive(t, one, "s1"), receive(t, two, "s1"), receive(t, two, "s2")
		one.Publish([]store.Message{message("s1", 1, "a"), message("s2", 1, "b"), message("s1", 2, "c")})
		other.expect(t, 1, 2)
		elsewhere.expect(t, 1)
		own.expect(t)
	})
}

func TestAHubThatIsAlonePublishesAndHearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t)
		one, two := start(t, b, "hub-1"), start(t, b, "hub-2")
		one.opts.Alone = true
		own, other := receive(t, one, "s1"), receive(t, two, "s1")
		one.Publish([]store.Message{message("s1", 1, "a")})
		other.expect(t)
		two.Publish([]store.Message{message("s1", 2, "b")})
		own.expect(t)
	})
}

func TestMalformedPayloadsAreCountedAndIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t)
		r := start(t, b, "hub-1")
		rec := receive(t, r, "s1")
		encoded := func(m store.Message) string {
			body, err := json.Marshal([]store.Message{m})
			if err != nil {
				t.Fatal(err)
			}
			return "1 hub-2\n" + string(body)
		}
		noID := message("s1", 1, "text")
		noID.ID = ""
		malformed := []string{"", "junk", "1 hub-2", "2 hub-2\n[]", "1 hub-2\n{}", "1 hub-2\n[{}]",
			encoded(noID), encoded(message("s2", 1, "of another study")), encoded(message("s1", 0, "no seq")),
			encoded(message("s1", 1, "")), encoded(message("s1", 1, " not trimmed "))}
		for _, payload := range append(malformed, "1 hub-2\nnull", encoded(message("s1", 3, "text"))) {
			if err := b.Publish(t.Context(), bus.Message{Channel: "test:room:s1", Payload: []byte(payload)}); err != nil {
				t.Fatal(err)
			}
		}
		rec.expect(t, 3)
		if n := r.Malformed(); n != int64(len(malformed)) {
			t.Errorf("Malformed = %d, want %d", n, len(malformed))
		}
	})
}

func TestAPayloadIsBounded(t *testing.T) {
	begin := "1 hub-2\n[]"
	if _, err := (keys)(nil).open([]byte(begin+strings.Repeat(" ", maxPayload-len(begin))), "c"); err != nil {
		t.Errorf("a payload of the largest size: %v", err)
	}
	if _, err := (keys)(nil).open([]byte(begin+strings.Repeat(" ", maxPayload)), "c"); err == nil {
		t.Error("a larger payload is read")
	}
}

// A pinged bus answers pings with an error while broken is set.
type pinged struct {
	bus.Bus
	broken atomic.Bool
}

var errBroken = errors.New("broken")

func (p *pinged) Ping(context.Context) error {
	if p.broken.Load() {
		return errBroken
	}
	return nil
}

func TestBusErrIsThatOfTheLastPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &pinged{Bus: newBus(t)}
		r, without := start(t, b, "hub-1"), start(t, b.Bus, "hub-2")
		for _, broken := range []bool{false, true, false} {
			b.broken.Store(broken)
			time.Sleep(watchEvery + time.Millisecond)
			synctest.Wait()
			if err := r.BusErr(); errors.Is(err, errBroken) != broken || !broken && err != nil {
				t.Errorf("the bus is broken: %v; BusErr = %v", broken, err)
			}
			if err := without.BusErr(); err != nil {
				t.Errorf("BusErr of a bus without Ping = %v", err)
			}
		}
	})
}
