package redis_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/bus/bustest"
	"github.com/coupchat/coup/bus/redis"
	"github.com/coupchat/coup/internal/testenv"
)

func openURL(t testing.TB, url string) *redis.Bus {
	t.Helper()
	b, err := redis.New(redis.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestBusBehindSentinels(t *testing.T) {
	t.Parallel() // it mostly waits
	s := testenv.RedisSentinel(t)
	bustest.Run(t, func(t *testing.T) (a, b bus.Bus) { return openURL(t, s.URL()), openURL(t, s.URL()) })
}

// Two failovers with one setup, which takes long to start: one that leaves the old master
// running, and one after it was killed.
func TestBusFollowsTheMaster(t *testing.T) {
	t.Parallel() // it mostly waits
	s := testenv.RedisSentinel(t)
	a, b := openURL(t, s.URL()), openURL(t, s.URL())
	e := held(t, a)
	for _, step := range []struct {
		name string
		do   func(old *testenv.RedisServer)
	}{
		{"failover with both alive", func(*testenv.RedisServer) { s.Failover(t) }},
		{"kill -9 of the master", func(old *testenv.RedisServer) { old.Kill(t) }},
	} {
		var old *testenv.RedisServer
		eventually(t, 20*time.Second, "a master", func() bool { old = s.Master(t); return old != nil })
		gaps := e.count("gap")
		start := time.Now()
		step.do(old)
		var master *testenv.RedisServer
		eventually(t, 20*time.Second, "a new master", func() bool { master = s.Master(t); return master != nil && master != old })
		elected := time.Since(start)
		eventually(t, 15*time.Second, "gap", func() bool { return e.count("gap") > gaps })
		heldAgain := time.Since(start)
		livesAgain(t, b, e, "after "+step.name)
		t.Logf("%s: all sentinels agree after %s, subscribed after %s, messages flow after %s", step.name,
			elected.Round(time.Millisecond), heldAgain.Round(time.Millisecond), time.Since(start).Round(time.Millisecond))
		// On the new master, and not both on the old one.
		eventually(t, 5*time.Second, "subscriptions on the new master", func() bool {
			master.Command(t, "PUBLISH room "+master.Addr())
			return e.count(master.Addr()) > 0
		})
		eventually(t, 5*time.Second, "Ping of both", func() bool { return a.Ping(t.Context()) == nil && b.Ping(t.Context()) == nil })
	}
}

// livesAgain publishes on from until e receives it.
func livesAgain(t *testing.T, from *redis.Bus, e *ear, payload string) {
	t.Helper()
	eventually(t, 15*time.Second, "messages "+payload, func() bool {
		_ = publish(t.Context(), from, "room", payload) // refused while it moves
		return e.count(payload) > 0
	})
}

func TestBusDoesNotTrustAMasterThatWasDemoted(t *testing.T) {
	t.Parallel() // it mostly waits
	s := testenv.RedisSentinel(t)
	for _, one := range s.Sentinels {
		one.Stop(t) // no sentinel tells the bus or closes its connections
	}
	master, replica := s.Servers[0], s.Servers[1]
	// The bus finds the master while one sentinel answers.
	s.Sentinels[2].Continue(t)
	b := openURL(t, s.URL())
	e := held(t, b)
	s.Sentinels[2].Stop(t)

	master.Command(t, "REPLICAOF 127.0.0.1 "+strconv.Itoa(replica.Port()))
	took := eventually(t, 10*time.Second, "an error of Ping", func() bool { return b.Ping(t.Context()) != nil })
	t.Logf("a demoted master was left after %s", took.Round(time.Millisecond))
	eventually(t, 5*time.Second, "an error of Publish", func() bool { return publish(t.Context(), b, "room", "lost") != nil })

	master.Command(t, "REPLICAOF NO ONE")
	s.Sentinels[2].Continue(t)
	recovers(t, b, e, 1, 10*time.Second)
}

func TestBusFollowsTheMasterWhereRolesAreHidden(t *testing.T) {
	t.Parallel() // it mostly waits
	s := testenv.RedisSentinel(t)
	for _, server := range s.Servers {
		server.Command(t, "ACL SETUSER chat on >pass allchannels allkeys +@all -role -info")
	}
	b := openURL(t, strings.Replace(s.URL(), "redis://", "redis://chat:pass@", 1))
	e := held(t, b)
	livesAgain(t, b, e, "at the start")
	old := s.Master(t)
	s.Failover(t)
	eventually(t, 20*time.Second, "a new master", func() bool { m := s.Master(t); return m != nil && m != old })
	livesAgain(t, b, e, "after the failover")
	eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
}
