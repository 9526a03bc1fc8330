package testenv

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Ports that servers get lie below those that systems hand out to outgoing
// connections (from 32768 on Linux, from 49152 on others, RFC 6335 section 6):
// a server that is down for a while would lose its port to one of these. The
// 10,000 above them are for the bus of a Redis Cluster.
const (
	firstPort = 12_000
	lastPort  = 22_000
)

// FreeAddr returns a loopback address that nobody listens on, and that no other
// caller gets, in this process or another, until the test ends: a server may be
// started on it again and again.
func FreeAddr(t testing.TB) string {
	t.Helper()
	port, release, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// reservePort returns a free TCP port. Its UDP namesake is held until release, as
// a sign for others who look for a port.
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
