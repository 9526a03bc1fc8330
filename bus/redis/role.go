package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"
)

// errReplica says that what is published on a server does not reach the others.
var errReplica = errors.New("redis: the server is a replica")

// A doer is a client, or one connection of it.
type doer interface {
	B() rueidis.Builder
	Do(ctx context.Context, cmd rueidis.Completed) rueidis.RedisResult
}

// askRole returns errReplica if the server says that it is a replica, and nil if it is a
// master. A member of a cluster counts as a master, because a cluster carries PUBLISH from
// each node to all. So does a server that does not let the user ask.
//
// HELLO tells the role since Redis 6, also where an ACL forbids ROLE and INFO. Redis 5 and
// proxies may not know it.
func (n *node) askRole(ctx context.Context, d doer) error {
	ctx, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	hello, err := d.Do(ctx, d.B().Arbitrary("HELLO").Build()).AsMap()
	if err == nil {
		role, mode := hello["role"], hello["mode"]
		return isReplica(text(mode) == "cluster", text(role))
	}
	if !refused(err) {
		return fmt.Errorf("ask %s for its role: %w", n.addr, err)
	}
	info, err := d.Do(ctx, d.B().Info().Build()).ToString()
	if err != nil && !refused(err) {
		return fmt.Errorf("ask %s for its role: %w", n.addr, err)
	}
	return isReplica(strings.Contains(info, "cluster_enabled:1"), field(info, "role:"))
}

// checkRole asks the server over the publishing connection. A node that was found to be a
// replica is not used again, also if it becomes a master: its subscriptions have missed what
// was published elsewhere.
func (n *node) checkRole(ctx context.Context) error {
	err := n.askRole(ctx, n.client)
	if errors.Is(err, errReplica) {
		n.replica.Store(true)
	}
	return err
}

func isReplica(cluster bool, role string) error {
	if !cluster && (role == "replica" || role == "slave") {
		return errReplica
	}
	return nil
}

// text returns the text of m, or "" if it is none.
func text(m rueidis.RedisMessage) string {
	s, _ := m.ToString()
	return s
}

// field returns what stands behind name in the answer to INFO, or "".
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// refused reports whether the server has refused a command: the user may not use it, or the
// server does not know it.
func refused(err error) bool {
	var e *rueidis.RedisError
	return errors.As(err, &e) && (strings.HasPrefix(e.Error(), "NOPERM") || strings.Contains(e.Error(), "unknown command"))
}
