package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
)

// A client that never ends its request must not make a clean end look like a failure.
func TestARequestWithoutAnEndDoesNotFailTheShutdown(t *testing.T) {
	s, end := startAt(t, "-database", "memory:", "-api-addr", "127.0.0.1:0", "-internal-addr", "127.0.0.1:0", "-signaling-addr", "127.0.0.1:0")
	conn, err := net.Dial("tcp", s.apiAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/login HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n", s.apiAddr)
	line, err := bufio.NewReader(conn).ReadString('\n') // the server waits for the rest
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q (%v)", line, err)
	}
	end()
}

// startAt starts all services with args. end ends them, once.
func startAt(t *testing.T, args ...string) (s *services, end func()) {
	t.Helper()
	c, err := parse(args, environ(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = start(t.Context(), c, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	end = func() {
		once.Do(func() {
			if err := s.end(); err != nil {
				t.Errorf("end: %v", err)
			}
		})
	}
	t.Cleanup(end)
	return s, end
}
