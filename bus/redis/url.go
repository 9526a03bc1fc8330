package redis

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/redis/rueidis"
)

// parse returns the options for all servers, see connect. The addresses of the URL are in
// InitAddress and Sentinel.
func (o Options) parse() (rueidis.ClientOption, error) {
	c, err := rueidis.ParseURL(o.URL)
	several := len(c.InitAddress) > 1
	switch {
	case err != nil:
		// The cause may quote the URL with the password.
		return c, errors.New("redis: URL is not a redis, rediss or unix URL")
	case c.DialCtxFn != nil && (several || c.Sentinel.MasterSet != ""):
		return c, errors.New("redis: URL names a unix socket and more, which cannot be one service")
	case several && c.Sentinel.MasterSet == "" && c.SelectDB != 0:
		return c, fmt.Errorf("redis: URL names database %d of a cluster, which has none but 0", c.SelectDB)
	}
	if u, err := url.Parse(o.URL); err == nil {
		c.Sentinel.Username = u.Query().Get("sentinel_username")
		c.Sentinel.Password = u.Query().Get("sentinel_password")
	}
	c.Dialer.Timeout = o.Timeout
	c.Dialer.KeepAlive = pingEvery // also the gap between the pings of rueidis
	c.ConnWriteTimeout = o.Timeout
	// This package finds the servers of the channels itself. rueidis needs a running cluster
	// or sentinel when it starts, and does not say when it moves a subscription.
	c.ForceSingleClient = true
	c.DisableCache = true
	// No retries: a late message is of no use, because the store has it. And a deadline must
	// not close the connection.
	c.DisableRetry = true
	c.AlwaysPipelining = true
	// One connection. A second one for large batches would change the order.
	c.PipelineMultiplex = -1
	c.BlockingPipeline = -1
	return c, nil
}

// connect returns a client of the server at addr. It waits for a first attempt
// to connect; if that fails, the client tries again when it is used.
func connect(c rueidis.ClientOption, addr string) (rueidis.Client, error) {
	c.InitAddress = []string{addr}
	c.Sentinel = rueidis.SentinelOption{}
	if host, _, err := net.SplitHostPort(addr); err == nil && c.TLSConfig != nil {
		c.TLSConfig = c.TLSConfig.Clone()
		c.TLSConfig.ServerName = host
	}
	client, err := rueidis.NewClient(c)
	if client == nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return client, nil // err says that Redis is not there yet
}

// small returns c for a connection that sends a few short commands.
func small(c rueidis.ClientOption) rueidis.ClientOption {
	c.ReadBufferEachConn, c.WriteBufferEachConn = 4<<10, 4<<10
	c.RingScaleEachConn = 4
	return c
}
