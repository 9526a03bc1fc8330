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

// RedisSentinelServers are a master, a replica and three sentinels. Half a second after the
// master has died they make the replica the master.
type RedisSentinelServers struct {
	// Servers are the first master and its replica.
	Servers   []*RedisServer
	Sentinels []*RedisServer
}

// RedisSentinel runs the servers until the test ends. It returns when all of them know each
// other.
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
	// A sentinel writes what it learns into its configuration.
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

// URL returns a URL with all sentinels and the name of the master.
func (s *RedisSentinelServers) URL() string {
	return severalURL(s.Sentinels) + "&master_set=" + sentinelMaster
}

// Master returns the server that the sentinels name and that reports to be a master, or nil.
func (s *RedisSentinelServers) Master(t testing.TB) *RedisServer {
	t.Helper()
	for _, server := range s.Servers {
		port := strconv.Itoa(server.Port())
		// Sentinels close all connections of a server whose role they change, also this one.
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

// Failover makes the sentinels swap master and replica while both are running.
func (s *RedisSentinelServers) Failover(t testing.TB) {
	t.Helper()
	if got := s.Sentinels[0].Command(t, "SENTINEL FAILOVER "+sentinelMaster); got != "+OK" {
		t.Fatalf("SENTINEL FAILOVER = %q, want +OK", got)
	}
}

// severalURL returns one URL with all addresses, in the form of rueidis.
func severalURL(servers []*RedisServer) string {
	var others []string
	for _, s := range servers[1:] {
		others = append(others, "addr="+s.Addr())
	}
	return servers[0].URL() + "?" + strings.Join(others, "&")
}

// await waits until done returns true.
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
