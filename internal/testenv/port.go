package testenv

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports of servers are below those of outgoing connections (from 32768 on Linux, from
// 49152 elsewhere, RFC 6335 section 6). Otherwise a server that is down for a while could
// lose its port to a connection. A Redis Cluster also uses the ports 10,000 above.
const (
	firstPort = 12_000
	lastPort  = 22_000
)

// FreeAddr returns a loopback address on which nothing listens. Until the test ends, no other
// caller gets it, in this process or another: a server may be started on it again and again.
func FreeAddr(t testing.TB) string {
	t.Helper()
	port, release, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// reservePort returns a free TCP port. Until release it keeps the UDP port of the same number,
// which tells other processes that the port is taken.
func reservePort() (port int, release func(), err error) {
	for range 100 {
		port = firstPort + rand.IntN(lastPort-firstPort)
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		sign, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		release = func() { _ = sign.Close() }
		if l, err := net.Listen("tcp", addr); err == nil {
			return port, release, l.Close()
		}
		release()
	}
	return 0, nil, errors.New("no free port in 100 tries")
}
