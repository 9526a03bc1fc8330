package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/testenv"
)

// After a failover the address leads to the new master, and connections to the old one, now a
// replica, stay open.
func TestBusLeavesAReplicaBehindItsAddress(t *testing.T) {
	t.Parallel() // it mostly waits
	old, master := testenv.Redis(t), testenv.Redis(t)
	address := testenv.NewForward(t, old.Addr())
	a := openURL(t, "redis://"+address.Addr())
	e := held(t, a)
	direct := openURL(t, master.URL())
	there := held(t, direct)
	eventually(t, 5*time.Second, "Ping", func() bool { return a.Ping(t.Context()) == nil })

	address.To(master.Addr())
	old.Command(t, "REPLICAOF "+strings.Replace(master.Addr(), ":", " ", 1))
	took := eventually(t, 5*time.Second, "what is published through the address is heard on the new master", func() bool {
		_ = a.Publish(t.Context(), bus.Message{Channel: "room", Payload: []byte("from a")})
		return there.count("from a") > 0
	})
	t.Logf("on the new master after %s", took.Round(time.Millisecond))
	eventually(t, 5*time.Second, "the other direction", func() bool {
		_ = direct.Publish(t.Context(), bus.Message{Channel: "room", Payload: []byte("to a")})
		return e.count("to a") > 0
	})
	if n := e.count("gap"); n < 2 {
		t.Errorf("%d gaps, want one for the move", n)
	}
	eventually(t, 5*time.Second, "Ping", func() bool { return a.Ping(t.Context()) == nil })
}

func TestBusWithoutAMasterSaysSo(t *testing.T) {
	t.Parallel() // it mostly waits
	only, other := testenv.Redis(t), testenv.Redis(t)
	b := openURL(t, only.URL())
	eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
	only.Command(t, "REPLICAOF "+strings.Replace(other.Addr(), ":", " ", 1))
	eventually(t, 5*time.Second, "an error of Ping", func() bool { return b.Ping(t.Context()) != nil })
	if err := b.Publish(t.Context(), bus.Message{Channel: "room"}); err == nil {
		t.Error("Publish on a replica returns nil")
	}
	only.Command(t, "REPLICAOF NO ONE")
	eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
}

// Managed services hide ROLE and INFO.
func TestBusSeesAReplicaWhereRolesAreHidden(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, hidden := range []string{"-role", "-role -info"} {
		server, other := testenv.Redis(t), testenv.Redis(t)
		server.Command(t, "ACL SETUSER chat on >pass allchannels allkeys +@all "+hidden)
		b := openURL(t, fmt.Sprintf("redis://chat:pass@%s", server.Addr()))
		eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
		server.Command(t, "REPLICAOF "+strings.Replace(other.Addr(), ":", " ", 1))
		eventually(t, 5*time.Second, "an error of Ping, with "+hidden, func() bool { return b.Ping(t.Context()) != nil })
		server.Command(t, "REPLICAOF NO ONE")
		eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
	}
}

func TestPingAsksForTheRole(t *testing.T) {
	t.Parallel() // it mostly waits
	only, other := testenv.Redis(t), testenv.Redis(t)
	b := openURL(t, only.URL())
	eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
	only.Command(t, "REPLICAOF "+strings.Replace(other.Addr(), ":", " ", 1))
	if b.Ping(t.Context()) == nil {
		t.Error("Ping returns nil right after the server became a replica")
	}
}

// A cluster carries what is published from each node to all others, so a bus with one address
// works on a replica there.
func TestBusWorksOnAReplicaOfACluster(t *testing.T) {
	t.Parallel() // it mostly waits
	c := testenv.RedisCluster(t)
	replica := c.AddReplica(t, c.Masters[0])
	b := openURL(t, replica.URL())
	e := held(t, b)
	eventually(t, 5*time.Second, "a message from another node", func() bool {
		c.Masters[1].Command(t, "PUBLISH room hello")
		return e.count("hello") > 0
	})
	there := held(t, openURL(t, c.Masters[2].URL()))
	eventually(t, 5*time.Second, "a message to another node", func() bool {
		return publish(t.Context(), b, "room", "from the replica") == nil && there.count("from the replica") > 0
	})
	if err := b.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// The address leads to another server now, and the old one was not told that it is no master.
func TestBusLeavesAnOldMaster(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, test := range []struct {
		name string
		cut  string // a command for the old server
	}{
		{"both connections are left there", "PING"},
		{"the publishing connection is left there", "CLIENT KILL TYPE pubsub"},
		{"the subscribing connection is left there", "CLIENT KILL TYPE normal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			old, master := testenv.Redis(t), testenv.Redis(t)
			address := testenv.NewForward(t, old.Addr())
			a := openURL(t, "redis://"+address.Addr())
			e := held(t, a)
			direct := openURL(t, master.URL())
			there := held(t, direct)
			eventually(t, 5*time.Second, "Ping", func() bool { return a.Ping(t.Context()) == nil })

			address.To(master.Addr())
			old.Command(t, test.cut)
			took := eventually(t, 10*time.Second, "both directions through the new master", func() bool {
				_ = publish(t.Context(), a, "room", "from a")
				_ = publish(t.Context(), direct, "room", "to a")
				return there.count("from a") > 0 && e.count("to a") > 0
			})
			t.Logf("on the new master after %s", took.Round(time.Millisecond))
			eventually(t, 5*time.Second, "Ping", func() bool { return a.Ping(t.Context()) == nil })
			eventually(t, 5*time.Second, "nobody subscribed on the old server", func() bool {
				return old.Command(t, "PUBSUB CHANNELS") == "*0"
			})
		})
	}
}

// A replica brings what its master publishes, until it loses its master.
func TestBusDoesNotStaySubscribedOnAReplica(t *testing.T) {
	t.Parallel() // it mostly waits
	old, master := testenv.Redis(t), testenv.Redis(t)
	address := testenv.NewForward(t, old.Addr())
	a := openURL(t, "redis://"+address.Addr())
	held(t, a)
	eventually(t, 5*time.Second, "Ping", func() bool { return a.Ping(t.Context()) == nil })

	address.To(master.Addr())
	old.Command(t, "CLIENT KILL TYPE normal")
	old.Command(t, "REPLICAOF "+strings.Replace(master.Addr(), ":", " ", 1))
	eventually(t, 10*time.Second, "nobody subscribed on the replica", func() bool {
		return old.Command(t, "PUBSUB CHANNELS") == "*0"
	})
	eventually(t, 5*time.Second, "Ping", func() bool { return a.Ping(t.Context()) == nil })
}
