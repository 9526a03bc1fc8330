package redis

import (
	"context"
	"errors"
)

// findSingle is the find function of a bus with one address. After a failover the server
// behind it may be a replica, or the address leads elsewhere, but connections stay. So the
// bus leaves such a server, and looks where the address leads now. Until that is a master,
// there is none.
func (b *Bus) findSingle(ctx context.Context, old *table) (*table, error) {
	addr := b.config.InitAddress[0]
	if n := old.current(addr); n != nil {
		if err := n.checkRole(ctx); !errors.Is(err, errReplica) {
			return old, err // after another error it may answer again
		}
	}
	fresh, err := b.open(addr) // on new connections, so the name is resolved again
	if err != nil {
		return nil, err
	}
	if err := fresh.checkRole(ctx); err != nil {
		fresh.client.Close()
		return &table{}, nil
	}
	return &table{nodes: map[string]*node{addr: fresh}, home: fresh}, nil
}
