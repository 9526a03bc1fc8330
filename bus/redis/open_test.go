package redis

import (
	"net"
	"testing"

	"github.com/redis/rueidis"
)

// A new node with many spans is opened once, and is in the table at the end.
func TestANewNodeWithManySpansIsOpenedOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // a node is opened even if it does not answer
	b := &Bus{config: rueidis.ClientOption{ForceSingleClient: true, DisableCache: true}, cluster: true}
	known := &node{}
	old := &table{nodes: map[string]*node{"known": known}}
	spans := make([]span, 100_000)
	for i := range spans {
		spans[i].addr = addr
	}
	spans[0].addr = "known"
	table := &table{nodes: map[string]*node{}}
	if err := b.openAll(table, old, spans); err != nil {
		t.Fatal(err)
	}
	if table.nodes["known"] != known || table.nodes[addr] == nil {
		t.Fatalf("the table has %v", table.nodes)
	}
	table.nodes[addr].client.Close()
}
