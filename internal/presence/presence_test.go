package presence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// A backend is a memory store with a function before each call.
type backend struct {
	*store.Memory
	before func(method string) error
}

func (b backend) SetStatus(ctx context.Context, reports []store.Status) error {
	if err := b.before("SetStatus"); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.Memory.SetStatus(ctx, reports)
}

func (b backend) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	if err := b.before("RenewNode"); err != nil {
		return err
	}
	return b.Memory.RenewNode(ctx, node, ttl)
}

// A hub has users who connect and disconnect, and a reporter for them.
type hub struct {
	*Reporter
	memory *store.Memory

	mu     sync.Mutex // guards online
	online map[store.UserID]bool
}

// start runs a reporter until the test ends. wrap may be nil.
func start(t *testing.T, timeout time.Duration, wrap func(*store.Memory) Store) *hub {
	h := &hub{memory: store.NewMemory(), online: map[store.UserID]bool{}}
	var s Store = h.memory
	if wrap != nil {
		s = wrap(h.memory)
	}
	w := work.NewGroup(timeout)
	h.Reporter = New(Options{Store: s, Node: "hub-1", Work: w, Log: slog.New(slog.DiscardHandler), Online: h.each})
	w.Go(h.Run)
	t.Cleanup(func() { w.End(); w.Wait() })
	return h
}

func (h *hub) each(users map[store.UserID]struct{}, fn func(store.UserID, bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, online := range h.online {
		if _, asked := users[user]; asked || users == nil && online {
			fn(user, online)
		}
	}
}

func (h *hub) set(user store.UserID, online bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.online[user] = online
	h.Report(user, online)
}

func (h *hub) expect(t *testing.T, when string, user store.UserID, want bool) {
	t.Helper()
	synctest.Wait()
	p, err := h.memory.Presence(t.Context(), []store.UserID{user})
	if err != nil || p[user].Online != want {
		t.Errorf("%s: %s is online: %v (%v), want %v", when, user, p[user].Online, err, want)
	}
}

func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestTheLastReportOfAUserCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, time.Second, nil)
		h.set("mina", true)
		h.expect(t, "connected", "mina", true)
		for _, online := range []bool{false, true, false} {
			h.set("mina", online)
		}
		after(time.Second)
		h.expect(t, "disconnected", "mina", false)
	})
}

func TestAReportThatFailedIsSentAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports atomic.Int64
		h := start(t, time.Second, func(m *store.Memory) Store {
			return backend{m, func(method string) error {
				if method == "SetStatus" && reports.Add(1) <= 3 {
					return errBroken
				}
				return nil
			}}
		})
		h.set("mina", true)
		after(time.Second)
		h.expect(t, "a second after the first of three failures", "mina", true)
	})
}

func TestFlushSendsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, time.Second, func(m *store.Memory) Store {
			return backend{m, func(string) error { time.Sleep(20 * time.Millisecond); return nil }}
		})
		for i := range maxReports + 1 {
			h.set(store.UserID(fmt.Sprint("u", i)), true)
		}
		h.set("last", true)
		if err := h.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.expect(t, "after Flush", "last", true)
		h.expect(t, "after Flush", "u0", true)
	})
}

// A late backend goes on with the first report although its caller has given up, and
// records it last.
type late struct {
	*store.Memory
	by    time.Duration
	calls atomic.Int64
}

func (l *late) SetStatus(ctx context.Context, reports []store.Status) error {
	if l.calls.Add(1) > 1 {
		return l.Memory.SetStatus(ctx, reports)
	}
	time.AfterFunc(l.by, func() { _ = l.Memory.SetStatus(context.Background(), reports) })
	<-ctx.Done()
	return ctx.Err()
}

// A slow store records a report late. A network that works again delivers late what
// was sent before it failed.
func TestAReportThatIsRecordedLateIsCorrected(t *testing.T) {
	for _, by := range []time.Duration{6 * time.Second, 100 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, 3*time.Second, func(m *store.Memory) Store { return &late{Memory: m, by: by} })
				h.set("mina", true)
				after(time.Second)
				h.set("mina", false)
				after(by - 2*time.Second)
				h.expect(t, "reported offline", "mina", false)
				after(2 * time.Second)
				h.expect(t, "when the old report is recorded", "mina", true) // else this shows nothing
				after(30 * time.Second)
				h.expect(t, "corrected", "mina", false)
			})
		})
	}
}
