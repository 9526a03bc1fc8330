package testenv_test

import (
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
)

func TestSentinelsReplaceAKilledMaster(t *testing.T) {
	t.Parallel() // it mostly waits
	s := testenv.RedisSentinel(t)
	if got := s.Master(t); got != s.Servers[0] {
		t.Fatalf("the first master is %v, want the first server", got)
	}
	s.Servers[0].Kill(t)
	start := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for s.Master(t) != s.Servers[1] {
		if <-tick.C; time.Since(start) > 20*time.Second {
			t.Fatal("no new master in 20s")
		}
	}
	t.Logf("a new master after %s", time.Since(start).Round(time.Millisecond))
}

func TestAClusterMasterKeepsItsSlotsAfterAKill(t *testing.T) {
	t.Parallel() // it mostly waits
	c := testenv.RedisCluster(t)
	owner := c.Owner(t, "room")
	owner.Kill(t)
	owner.Restart(t)
	c.Await(t)
	if got := c.Owner(t, "room"); got != owner {
		t.Errorf("after a restart the channel is on %s, want %s", got.Addr(), owner.Addr())
	}
}
