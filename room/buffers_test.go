package room

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// aForgetter is a store that counts the calls of Forget, and panics in each.
type aForgetter struct {
	store.Store
	calls int
}

func (f *aForgetter) Forget() {
	f.calls++
	panic("broken")
}

func TestTheStoreForgetsOnceForAllThatIsDeletedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := work.NewGroup(0)
		f := &aForgetter{}
		b := buffers{forget: guarded{store: f}.forget(), work: w, log: slog.New(slog.NewTextHandler(&log, nil))}
		for want := 1; want <= 2; want++ {
			for range 10 {
				b.dirty()
			}
			time.Sleep(forgetAfter)
			synctest.Wait()
			if f.calls != want {
				t.Errorf("%d calls, want %d", f.calls, want)
			}
		}
		if n := strings.Count(log.String(), "broken"); n != 2 {
			t.Errorf("the log tells of %d panics, want 2: %s", n, log.String())
		}
		b.dirty()
		w.End() // the call that waits ends
		w.Wait()
	})
}
