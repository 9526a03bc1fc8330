package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/bus/bustest"
	"github.com/coupchat/coup/bus/redis"
	"github.com/coupchat/coup/internal/testenv"
)

func TestBusOnACluster(t *testing.T) {
	t.Parallel() // it mostly waits
	c := testenv.RedisCluster(t)
	bustest.Run(t, func(t *testing.T) (a, b bus.Bus) { return openURL(t, c.URL()), openURL(t, c.URL()) })
}

// listenAll makes b subscribe to rooms of every master. It returns the subscriptions by
// master.
func listenAll(t *testing.T, c *testenv.RedisClusterServers, b *redis.Bus) map[*testenv.RedisServer]map[string]*ear {
	t.Helper()
	ears := make(map[*testenv.RedisServer]map[string]*ear)
	for _, s := range c.Masters {
		ears[s] = make(map[string]*ear)
	}
	for i := range 30 {
		room := fmt.Sprint("room-", i)
		ears[c.Owner(t, room)][room] = listen(t, b, room)
	}
	for s, rooms := range ears {
		if len(rooms) == 0 {
			t.Fatalf("none of 30 rooms is on %s", s.Addr())
		}
		for room, e := range rooms {
			eventually(t, 5*time.Second, "subscription of "+room, func() bool { return e.count("gap") == 1 })
		}
	}
	return ears
}

func TestAClusterDividesTheRooms(t *testing.T) {
	t.Parallel() // it mostly waits
	c := testenv.RedisCluster(t)
	b := openURL(t, c.URL())
	ears := listenAll(t, c, b)
	for _, s := range c.Masters {
		room := ""
		for room = range ears[s] {
			break
		}
		if got, want := s.Command(t, "PUBSUB SHARDCHANNELS"), fmt.Sprintf("*%d", len(ears[s])); got != want {
			t.Errorf("PUBSUB SHARDCHANNELS on %s = %q, want %q", s.Addr(), got, want)
		}
		if err := publish(t.Context(), b, room, "hello"); err != nil {
			t.Fatal(err)
		}
		eventually(t, 5*time.Second, "hello in "+room, func() bool { return ears[s][room].count("hello") == 1 })
	}
	for _, public := range []string{"notifications", "study-events", "user-events"} {
		e := listen(t, b, public)
		eventually(t, 5*time.Second, "subscription of "+public, func() bool { return e.count("gap") == 1 })
		for _, s := range c.Masters {
			s.Command(t, "PUBLISH "+public+" "+s.Addr())
			eventually(t, 5*time.Second, "what was published on "+s.Addr(), func() bool { return e.count(s.Addr()) == 1 })
		}
	}
}

func TestAMasterThatDiesAffectsItsRoomsOnly(t *testing.T) {
	t.Parallel() // it mostly waits
	c := testenv.RedisCluster(t)
	b := openURL(t, c.URL())
	ears := listenAll(t, c, b)
	public := listen(t, b, "study-events")
	eventually(t, 5*time.Second, "subscription", func() bool { return public.count("gap") == 1 })
	for i, dead := range c.Masters {
		before := fmt.Sprint("while it is dead ", i)
		dead.Kill(t)
		for s, rooms := range ears {
			for room, e := range rooms {
				if s == dead {
					continue
				}
				if err := publish(t.Context(), b, room, before); err != nil {
					t.Errorf("Publish on a living master: %v", err)
				}
				eventually(t, time.Second, "message on a living master", func() bool { return e.count(before) == 1 })
			}
		}
		other := c.Masters[(i+1)%len(c.Masters)]
		took := eventually(t, 10*time.Second, "what any language publishes", func() bool {
			other.Command(t, "PUBLISH study-events "+fmt.Sprint(i))
			return public.count(fmt.Sprint(i)) > 0
		})
		t.Logf("public channels were heard %s after the death of master %d", took.Round(time.Millisecond), i)
		dead.Restart(t)
		start := time.Now()
		for s, rooms := range ears {
			for room, e := range rooms {
				if s == dead {
					eventually(t, 10*time.Second, "gap of "+room, func() bool { return e.count("gap") == 2 })
					after := fmt.Sprint("after ", i)
					eventually(t, 10*time.Second, "message after the restart", func() bool {
						_ = publish(t.Context(), b, room, after) // refused until the node is back in the cluster
						return e.count(after) > 0
					})
				}
			}
		}
		t.Logf("rooms of master %d held %s after its restart", i, time.Since(start).Round(time.Millisecond))
		c.Await(t)
		eventually(t, 10*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
	}
	for _, rooms := range ears {
		for room, e := range rooms {
			if got := e.count("gap"); got != 2 {
				t.Errorf("%s saw %d gaps, want 2: the first, and that of its own master", room, got)
			}
		}
	}
}

func TestRoomsMoveWithTheirSlot(t *testing.T) {
	t.Parallel() // it mostly waits
	c := testenv.RedisCluster(t)
	b := openURL(t, c.URL())
	ears := listenAll(t, c, b)
	from := c.Owner(t, "room-7")
	to := c.Masters[0]
	if to == from {
		to = c.Masters[1]
	}
	setslot := "CLUSTER SETSLOT " + strings.TrimPrefix(from.Command(t, "CLUSTER KEYSLOT room-7"), ":")
	for _, step := range []struct {
		server  *testenv.RedisServer
		command string
	}{
		{to, "IMPORTING " + from.ID(t)}, // otherwise its claim would be older than that of from
		{from, "MIGRATING " + to.ID(t)},
		{to, "NODE " + to.ID(t)},
		{from, "NODE " + to.ID(t)},
	} {
		if got := step.server.Command(t, setslot+" "+step.command); got != "+OK" {
			t.Fatalf("%s %s = %q, want +OK", setslot, step.command, got)
		}
	}
	e := ears[from]["room-7"]
	took := eventually(t, 10*time.Second, "gap of the room that moved", func() bool { return e.count("gap") == 2 })
	t.Logf("the room that moved held again after %s", took.Round(time.Millisecond))
	eventually(t, 5*time.Second, "messages in the room that moved", func() bool {
		_ = publish(t.Context(), b, "room-7", "here") // refused until the bus has asked again
		return e.count("here") > 0
	})
	for _, rooms := range ears {
		for room, other := range rooms {
			if other != e && other.count("gap") != 1 {
				t.Errorf("%s saw %d gaps, want 1: it did not move", room, other.count("gap"))
			}
		}
	}
}

func TestAReplicaTakesOverTheRoomsOfItsMaster(t *testing.T) {
	t.Parallel() // it mostly waits
	c := testenv.RedisCluster(t)
	master := c.Owner(t, "room-7")
	replica := c.AddReplica(t, master)
	b := openURL(t, c.URL())
	e := listen(t, b, "room-7")
	eventually(t, 5*time.Second, "subscription", func() bool { return e.count("gap") == 1 })
	master.Kill(t)
	start := time.Now()
	eventually(t, 15*time.Second, "a new master", func() bool { return strings.Contains(replica.Answer(t, "ROLE"), "master") })
	elected := time.Since(start)
	eventually(t, 10*time.Second, "gap", func() bool { return e.count("gap") == 2 })
	heldAgain := time.Since(start)
	eventually(t, 10*time.Second, "messages", func() bool {
		_ = publish(t.Context(), b, "room-7", "here") // refused until the bus has asked again
		return e.count("here") > 0
	})
	t.Logf("the replica was master after %s, subscribed after %s", elected.Round(time.Millisecond), heldAgain.Round(time.Millisecond))
	eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
}
