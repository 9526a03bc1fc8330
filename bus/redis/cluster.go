package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// A span is a range of slots, both ends included, and the address of their master.
type span struct {
	from, to int64
	addr     string
}

// findShards is the find function of a bus over a cluster.
func (b *Bus) findShards(ctx context.Context, old *table) (*table, error) {
	spans, err := b.spans(ctx, old)
	if err != nil {
		return nil, err
	}
	t := &table{nodes: make(map[string]*node), slots: new([slotCount]*node)}
	if err := b.openAll(t, old, spans); err != nil {
		return nil, err
	}
	for _, s := range spans {
		for i := s.from; i <= s.to; i++ {
			t.slots[i] = t.nodes[s.addr]
		}
	}
	// Any node can serve the channels that are not sharded. They stay on their node unless
	// it is failing and another is not.
	t.home = t.nodes[spans[0].addr]
	if old.home != nil && t.nodes[old.home.addr] == old.home {
		t.home = old.home
	}
	for i := 0; t.home.failing.Load() && i < len(spans); i++ {
		if n := t.nodes[spans[i].addr]; !n.failing.Load() {
			t.home = n
		}
	}
	return t, nil
}

// openAll opens the nodes of spans that t.nodes lacks, all at the same time: one that does
// not answer must not delay the others.
func (b *Bus) openAll(t, old *table, spans []span) error {
	var (
		mu    sync.Mutex // guards t.nodes, first
		first error
		wg    sync.WaitGroup
	)
	for _, s := range spans {
		mu.Lock()
		_, seen := t.nodes[s.addr] // a node may have several spans
		if !seen {
			t.nodes[s.addr] = old.current(s.addr)
		}
		mu.Unlock()
		if seen || old.current(s.addr) != nil {
			continue
		}
		wg.Go(func() {
			n, err := b.open(s.addr)
			mu.Lock()
			defer mu.Unlock()
			if t.nodes[s.addr] = n; err != nil {
				first = err
			}
		})
	}
	wg.Wait()
	if first == nil {
		return nil
	}
	for addr, n := range t.nodes {
		if n != nil && old.nodes[addr] != n {
			n.client.Close()
		}
	}
	return first
}

// spansPatience bounds the wait for one node, because others can be asked.
const spansPatience = 500 * time.Millisecond

// spans asks for the slots of each master: the nodes of old, the healthy ones first, and if
// none of them answers, those of the URL.
func (b *Bus) spans(ctx context.Context, old *table) ([]span, error) {
	var healthy, others []*node
	for _, n := range old.nodes {
		if n.failing.Load() {
			others = append(others, n)
		} else {
			healthy = append(healthy, n)
		}
	}
	for _, n := range append(healthy, others...) {
		if spans, err := askSpans(ctx, n.client, n.addr); err == nil {
			return spans, nil
		}
	}
	err := error(nil)
	for _, addr := range b.config.InitAddress {
		var client rueidis.Client
		if client, err = connect(b.config, addr); err != nil {
			continue
		}
		var spans []span
		spans, err = askSpans(ctx, client, addr)
		client.Close()
		if err == nil {
			return spans, nil
		}
	}
	return nil, err
}

func askSpans(ctx context.Context, client rueidis.Client, addr string) ([]span, error) {
	ctx, cancel := context.WithTimeout(ctx, spansPatience)
	defer cancel()
	answer, err := client.Do(ctx, client.B().ClusterSlots().Build()).ToArray()
	if err != nil {
		return nil, fmt.Errorf("ask %s for the slots: %w", addr, err)
	}
	spans, err := parseSpans(answer, addr)
	if err != nil {
		return nil, fmt.Errorf("ask %s for the slots: %w", addr, err)
	}
	return spans, nil
}

// parseSpans reads the answer to CLUSTER SLOTS: for each span its ends, then its nodes, the
// master first, as host, port and more.
func parseSpans(answer []rueidis.RedisMessage, asked string) ([]span, error) {
	if len(answer) == 0 {
		return nil, errors.New("the cluster has none yet")
	}
	spans := make([]span, 0, len(answer))
	for _, m := range answer {
		fields, err := m.ToArray()
		if err != nil || len(fields) < 3 {
			return nil, fmt.Errorf("a span of %d fields: %w", len(fields), err)
		}
		from, err1 := fields[0].AsInt64()
		to, err2 := fields[1].AsInt64()
		master, err3 := fields[2].ToArray()
		if err := errors.Join(err1, err2, err3); err != nil || len(master) < 2 || from < 0 || to >= slotCount {
			return nil, fmt.Errorf("the span %d to %d: %w", from, to, err)
		}
		host, _ := master[0].ToString() // null if the node does not know its own
		if host == "" || host == "?" {
			host, _, _ = net.SplitHostPort(asked)
		}
		port, err := master[1].AsInt64()
		if err != nil {
			return nil, fmt.Errorf("the port of %s: %w", host, err)
		}
		spans = append(spans, span{from: from, to: to, addr: net.JoinHostPort(host, strconv.FormatInt(port, 10))})
	}
	return spans, nil
}
