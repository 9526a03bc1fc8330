package testenv

import (
	"fmt"
	"strings"
	"testing"
)

// clusterSlots is how many slots every cluster has.
const clusterSlots = 16384

// RedisClusterServers are a cluster of masters without replicas. They share the slots in
// order. A master that is killed and restarted has its slots again.
type RedisClusterServers struct {
	Masters []*RedisServer
}

// RedisCluster runs a cluster of three masters until the test ends. It returns when all of
// them report that the cluster is complete.
func RedisCluster(t testing.TB) *RedisClusterServers {
	t.Helper()
	const masters = 3
	c := &RedisClusterServers{}
	for i := range masters {
		s := clusterServer(t)
		c.Masters = append(c.Masters, s)
		from, to := i*clusterSlots/masters, (i+1)*clusterSlots/masters-1
		s.must(t, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", from, to))
		s.must(t, fmt.Sprintf("CLUSTER SET-CONFIG-EPOCH %d", i+1))
		s.must(t, fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d", c.Masters[0].Port()))
	}
	for _, s := range c.Masters {
		await(t, "a cluster of three", func() bool { return s.inCluster(t, masters) })
	}
	return c
}

func clusterServer(t testing.TB) *RedisServer {
	t.Helper()
	return redisServer(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no")
}

// AddReplica adds a replica of master, and returns when the replica is up to date. About two
// seconds after the master has died the replica takes its place.
func (c *RedisClusterServers) AddReplica(t testing.TB, master *RedisServer) *RedisServer {
	t.Helper()
	s := clusterServer(t)
	s.must(t, fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d", master.Port()))
	await(t, "a replica that knows its master", func() bool {
		return s.Command(t, "CLUSTER REPLICATE "+master.ID(t)) == "+OK"
	})
	for _, one := range append(c.Masters, s) {
		await(t, "a master that knows its replica", func() bool {
			return strings.Contains(one.Answer(t, "CLUSTER NODES"), "slave "+master.ID(t))
		})
	}
	await(t, "a replica in step", func() bool {
		return strings.Contains(s.Answer(t, "INFO replication"), "master_link_status:up")
	})
	return s
}

// Await waits until all running masters report that the cluster is complete again.
func (c *RedisClusterServers) Await(t testing.TB) {
	t.Helper()
	for _, s := range c.Masters {
		await(t, "a complete cluster", func() bool { return s.inCluster(t, len(c.Masters)) })
	}
}

// URL returns a URL with the first two masters.
func (c *RedisClusterServers) URL() string { return severalURL(c.Masters[:2]) }

// Owner returns the master of the channel's slot.
func (c *RedisClusterServers) Owner(t testing.TB, channel string) *RedisServer {
	t.Helper()
	var slot int
	if _, err := fmt.Sscanf(c.Masters[0].Command(t, "CLUSTER KEYSLOT "+channel), ":%d", &slot); err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Masters {
		// A server without the slot answers with MOVED.
		if s.running() && !strings.HasPrefix(s.Command(t, "SPUBLISH "+channel+" owner?"), "-") {
			return s
		}
	}
	t.Fatalf("slot %d of %q has no master", slot, channel)
	return nil
}

// ID returns the name the server has in the cluster.
func (s *RedisServer) ID(t testing.TB) string {
	t.Helper()
	_, id, _ := strings.Cut(s.Answer(t, "CLUSTER MYID"), "\r\n")
	return strings.TrimSpace(id)
}

func (s *RedisServer) inCluster(t testing.TB, masters int) bool {
	t.Helper()
	state := s.Answer(t, "CLUSTER INFO")
	return strings.Contains(state, "cluster_state:ok") &&
		strings.Contains(state, fmt.Sprintf("cluster_slots_ok:%d\r\n", clusterSlots)) &&
		strings.Contains(state, fmt.Sprintf("cluster_size:%d\r\n", masters))
}

func (s *RedisServer) must(t testing.TB, command string) {
	t.Helper()
	if got := s.Command(t, command); got != "+OK" {
		t.Fatalf("%s = %q, want +OK", command, got)
	}
}
