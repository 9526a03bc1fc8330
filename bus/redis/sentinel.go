package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// sentinelPatience bounds the wait for all sentinels, because one of them may hang.
const sentinelPatience = 500 * time.Millisecond

// sentinels are the sentinels of one master. Only watch and Close use them.
type sentinels struct {
	config rueidis.ClientOption
	name   string

	clients []rueidis.Client // in the order of config.InitAddress; nil before the first use
}

func newSentinels(c rueidis.ClientOption) *sentinels {
	s := &sentinels{name: c.Sentinel.MasterSet, config: small(c), clients: make([]rueidis.Client, len(c.InitAddress))}
	s.config.Username, s.config.Password = c.Sentinel.Username, c.Sentinel.Password
	s.config.SelectDB = 0
	s.config.Dialer.Timeout = min(c.Dialer.Timeout, sentinelPatience)
	s.config.ConnWriteTimeout = min(c.ConnWriteTimeout, sentinelPatience)
	return s
}

// A claim is the answer of one sentinel. The claim with the latest epoch knows the latest
// failover.
type claim struct {
	addr  string
	epoch int64
	err   error
}

// master asks all sentinels and returns the master of the latest failover.
func (s *sentinels) master(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sentinelPatience)
	defer cancel()
	claims := make(chan claim)
	for i := range s.clients {
		go func() { claims <- s.ask(ctx, i) }() // received below
	}
	best := claim{epoch: -1, err: errors.New("redis: no sentinel was asked")}
	for range s.clients {
		if c := <-claims; best.epoch < 0 || c.epoch > best.epoch {
			best = c
		}
	}
	return best.addr, best.err
}

func (s *sentinels) ask(ctx context.Context, i int) claim {
	addr := s.config.InitAddress[i]
	if s.clients[i] == nil {
		client, err := connect(s.config, addr)
		if err != nil {
			return claim{epoch: -1, err: err}
		}
		s.clients[i] = client
	}
	client := s.clients[i]
	answer, err := client.Do(ctx, client.B().Arbitrary("SENTINEL", "MASTER", s.name).Build()).AsStrMap()
	if err != nil {
		return claim{epoch: -1, err: fmt.Errorf("ask sentinel %s for %q: %w", addr, s.name, err)}
	}
	epoch, err := strconv.ParseInt(answer["config-epoch"], 10, 64)
	if err != nil {
		return claim{epoch: -1, err: fmt.Errorf("ask sentinel %s for %q: epoch: %w", addr, s.name, err)}
	}
	return claim{addr: net.JoinHostPort(answer["ip"], answer["port"]), epoch: epoch}
}

func (s *sentinels) close() {
	for _, client := range s.clients {
		if client != nil {
			client.Close()
		}
	}
}

// findMaster is the find function of a bus with sentinels. It never returns a server that is
// not a master, even if the sentinels name it: a message published on a replica reaches only
// the clients of that replica.
func (b *Bus) findMaster(ctx context.Context, old *table) (*table, error) {
	addr, err := b.sentinels.master(ctx)
	if err != nil {
		if old.home == nil {
			return nil, err
		}
		addr = old.home.addr // an operator may have demoted it
	}
	n := old.current(addr)
	if n == nil {
		if n, err = b.open(addr); err != nil {
			return nil, err
		}
	}
	err = n.checkRole(ctx)
	switch {
	case err == nil:
		return &table{nodes: map[string]*node{addr: n}, home: n}, nil
	case n == old.home && !errors.Is(err, errReplica):
		return nil, err // it may answer again before it is replaced
	case n.stop == nil:
		n.client.Close()
	}
	if errors.Is(err, errReplica) {
		return &table{}, nil
	}
	return nil, err
}
