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

// Managed services hide ROLE, and some INFO too.
func TestBusWorksWhereRolesAreHidden(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, hidden := range []string{"-role", "-role -info"} {
		server, other := testenv.Redis(t), testenv.Redis(t)
		server.Command(t, "ACL SETUSER chat on >pass allchannels allkeys +@all "+hidden)
		b := openURL(t, fmt.Sprintf("redis://chat:pass@%s", server.Addr()))
		eventually(t, 5*time.Second, "Ping", func() bool { return b.Ping(t.Context()) == nil })
		for deadline := time.Now().Add(2500 * time.Millisecond); time.Now().Before(deadline); { // two looks
			if err := b.Ping(t.Context()); err != nil {
				t.Fatalf("%s: %v", hidden, err)
			}
		}
		server.Command(t, "REPLICAOF "+strings.Replace(other.Addr(), ":", " ", 1))
		if hidden == "-role" {
			eventually(t, 5*time.Second, "an error of Ping", func() bool { return b.Ping(t.Context()) != nil })
		}
	}
}
