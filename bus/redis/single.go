package redis

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/rueidis"
)

// findSingle is the find function of a bus with one address. After a failover the server
// behind it may be a replica: the address leads elsewhere, but connections stay. What is
// published on a replica reaches only the clients of that replica. So the bus leaves a
// replica, and looks where the address leads now. Until that is a master, there is none.
func (b *Bus) findSingle(ctx context.Context, old *table) (*table, error) {
	addr := b.config.InitAddress[0]
	if n := old.nodes[addr]; n != nil {
		replica, err := n.isReplica(ctx)
		if err != nil || !replica {
			return old, err // it may answer again
		}
	}
	fresh, err := b.open(addr) // on new connections, so the name is resolved again
	if err != nil {
		return nil, err
	}
	replica, err := fresh.isReplica(ctx)
	if err != nil || replica {
		fresh.client.Close()
		return &table{}, nil
	}
	return &table{nodes: map[string]*node{addr: fresh}, home: fresh}, nil
}

// isReplica reports whether the server says that it is a replica. A server that does not let
// the user ask counts as a master.
func (n *node) isReplica(ctx context.Context) (bool, error) {
	role, err := n.role(ctx)
	if err == nil {
		return role != "master", nil
	}
	if !refused(err) {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	info, err := n.client.Do(ctx, n.client.B().Info().Section("replication").Build()).ToString()
	if err != nil && !refused(err) {
		return false, err
	}
	return strings.Contains(info, "role:slave") || strings.Contains(info, "role:replica"), nil
}

// refused reports whether the server has refused a command, because the user may not use it
// or it was renamed.
func refused(err error) bool {
	var e *rueidis.RedisError
	return errors.As(err, &e) && (strings.HasPrefix(e.Error(), "NOPERM") || strings.Contains(e.Error(), "unknown command"))
}
