package presence

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/store"
)

func TestTheLeaseIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, time.Second, nil)
		h.set("mina", true)
		for range 10 {
			after(15 * time.Second)
			h.expect(t, "with a lease", "mina", true)
		}
	})
}

// If the lease has ended, the store may have dropped all reports of the node.
func TestEverybodyIsReportedAgainAfterTheLeaseHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		var reports atomic.Int64
		h := start(t, time.Second, func(m *store.Memory) Store {
			return backend{m, func(method string) error {
				switch {
				case method == "RenewNode" && broken.Load():
					return errBroken
				case method == "SetStatus":
					reports.Add(1)
				}
				return nil
			}}
		})
		h.set("mina", true)
		after(time.Second)
		broken.Store(true)
		after(store.LeaseTTL + 10*time.Second)
		h.expect(t, "without a lease", "mina", false)
		if h.Leased() {
			t.Error("Leased is true although no renewal succeeded")
		}
		before := reports.Load()
		broken.Store(false)
		after(6 * time.Second)
		h.expect(t, "with a lease again", "mina", true)
		if n := reports.Load() - before; n != 1 {
			t.Errorf("%d calls of SetStatus, want 1", n)
		}
	})
}

// While a process is suspended its lease ends, although no renewal fails.
func TestEverybodyIsReportedAgainAfterALongPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pause atomic.Bool
		var reports atomic.Int64
		h := start(t, -1, func(m *store.Memory) Store {
			return backend{m, func(method string) error {
				switch {
				case method == "RenewNode" && pause.Swap(false):
					time.Sleep(store.LeaseTTL + 10*time.Second)
				case method == "SetStatus":
					reports.Add(1)
				}
				return nil
			}}
		})
		h.set("mina", true)
		after(time.Minute)
		before := reports.Load()
		pause.Store(true)
		after(time.Minute)
		if n := reports.Load() - before; n != 1 {
			t.Errorf("%d calls of SetStatus after the pause, want 1", n)
		}
	})
}

// Reports may keep a slow store busy all the time. The lease must be renewed between
// them.
func TestReportsDoNotDelayTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, 3*time.Second, func(m *store.Memory) Store {
			return backend{m, func(method string) error {
				if method == "SetStatus" {
					time.Sleep(2 * time.Second)
				}
				return nil
			}}
		})
		h.set("mina", true)
		for i := range 60 {
			h.set(store.UserID(fmt.Sprint("u", i)), true)
		}
		after(5 * time.Second)
		for i := range 60 {
			h.set(store.UserID(fmt.Sprint("u", i)), false)
			after(time.Second)
			h.expect(t, "connected", "mina", true)
		}
	})
}
