package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sentinelMaster is the name under which the sentinels know the master.
const sentinelMaster = "mymaster"

// RedisSentinelServers is a master with a replica, watched by three sentinels that
// make the replica the master half a second after the master has died.
type RedisSentinelServers struct {
	// Servers are the two that hold data, the first master first.
	Servers   []*RedisServer
	Sentinels []*RedisServer
}

// RedisSentinel runs all of them until the test ends, and returns when they know
// each other.
func RedisSentinel(t testing.TB) *RedisSentinelServers {
	t.Helper()
	master := Redis(t)
	replica := redisServer(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(master.Port()))
	s := &RedisSentinelServers{Servers: []*RedisServer{master, replica}}
	await(t, "a replica in step", func() bool {
		return strings.Contains(replica.Answer(t, "INFO replication"), "master_link_status:up")
	})
	for range 3 {
		s.Sentinels = append(s.Sentinels, sentinel(t, master.Port()))
	}
	for _, one := range s.Sentinels {
		await(t, "a sentinel that knows all others", func() bool {
			state := one.Answer(t, "INFO sentinel")
			return strings.Contains(state, "status=ok") && strings.Contains(state, "slaves=1,sentinels=3")
		})
	}
	return s
}

func sentinel(t testing.TB, master int) *RedisServer {
	t.Helper()
	// It writes into its configuration what it learns.
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	return startRedis(t, func(port int) []string {
		lines := []string{
			fmt.Sprintf("port %d", port),
			"bind 127.0.0.1",
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", sentinelMaster, master),
			"sentinel down-after-milliseconds " + sentinelMaster + " 500",
			"sentinel failover-timeout " + sentinelMaster + " 3000",
		}
		if _, err := os.Stat(config); err != nil {
			if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
				t.Error(err)
			}
		}
		return []string{config, "--sentinel"}
	})
}

// URL names all sentinels and the master.
func (s *RedisSentinelServers) URL() string {
	return severalURL(s.Sentinels) + "&master_set=" + sentinelMaster
}

// Master returns the server that the sentinels agree on and that is a master by
// its own account, or nil while there is none.
func (s *RedisSentinelServers) Master(t testing.TB) *RedisServer {
	t.Helper()
	for _, server := range s.Servers {
		port := strconv.Itoa(server.Port())
		// Sentinels cut all connections of a server whose role they change, ours too.
		role, err := redisAnswer(server.Port(), "ROLE")
		agreed := err == nil && strings.HasPrefix(role, "*3\r\n$6\r\nmaster")
		for _, one := range s.Sentinels {
			answer := one.Answer(t, "SENTINEL GET-MASTER-ADDR-BY-NAME "+sentinelMaster)
			agreed = agreed && strings.HasSuffix(answer, "\r\n"+port+"\r\n")
		}
		if agreed {
			return server
		}
	}
	return nil
}

// Failover has the sentinels swap master and replica, both alive.
func (s *RedisSentinelServers) Failover(t testing.TB) {
	t.Helper()
	if got := s.Sentinels[0].Command(t, "SENTINEL FAILOVER "+sentinelMaster); got != "+OK" {
		t.Fatalf("SENTINEL FAILOVER = %q, want +OK", got)
	}
}

// severalURL puts the addresses into one URL, as rueidis reads them.
func severalURL(servers []*RedisServer) string {
	var others []string
	for _, s := range servers[1:] {
		others = append(others, "addr="+s.Addr())
	}
	return servers[0].URL() + "?" + strings.Join(others, "&")
}

// await waits until done says so.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
		<-tick.C
	}
}
