package room

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// A join that comes between the two steps of a revocation may still believe the
// membership. It must see, when it is about to sit down, that it has to begin again.
func TestAJoinInTheMiddleOfARevocationBeginsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		news := bus.NewMemory()
		defer news.Close()
		g := inside(t, store.NewMemory(), news)
		defer g.Close(t.Context())
		for _, user := range []store.UserID{"mina", ""} {
			before := g.revocations("s1").Load()
			g.members.mu.Lock()
			go g.revoke("s1", user)
			for g.revocations("s1").Load() == before {
				runtime.Gosched()
			}
			inTheMiddle := g.revocations("s1").Load()
			g.members.mu.Unlock()
			synctest.Wait()
			if g.revocations("s1").Load() == inTheMiddle {
				t.Errorf("revoke %q: a join that counted in the middle sits down", user)
			}
		}
	})
}
