package postgres

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/lib/pq"
)

// A dialer makes connections on which a read fails if the server sends nothing for a
// while. The driver reads only while it waits for an answer. When its context is
// cancelled it asks the server to stop and waits on: for ever, if the server is frozen.
//
// It knows the connections that it has made, and can close them under the pool.
type dialer struct {
	silence time.Duration

	mu   sync.Mutex // guards open
	open map[*conn]struct{}
}

var _ pq.DialerContext = (*dialer)(nil)

func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	made := time.Now()
	raw, err := (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, dialer: d, made: made}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[c] = struct{}{}
	return c, nil
}

func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// closeOlder closes the connections that were made before t, idle or not.
func (d *dialer) closeOlder(t time.Time) {
	d.mu.Lock()
	var old []*conn
	for c := range d.open {
		if c.made.Before(t) {
			old = append(old, c)
		}
	}
	d.mu.Unlock()
	for _, c := range old {
		c.Close()
	}
}

type conn struct {
	net.Conn
	dialer  *dialer
	made    time.Time // when dialing began
	bounded bool      // the driver has set a deadline itself, as it does while it connects
}

func (c *conn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}

func (c *conn) SetDeadline(t time.Time) error {
	c.bounded = !t.IsZero()
	return c.Conn.SetDeadline(t)
}

func (c *conn) Read(b []byte) (int, error) {
	if !c.bounded {
		if err := c.SetReadDeadline(time.Now().Add(c.dialer.silence)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(b)
}

func (c *conn) Write(b []byte) (int, error) {
	if !c.bounded {
		if err := c.SetWriteDeadline(time.Now().Add(c.dialer.silence)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}
