package testenv

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A RedisServer is a private Redis that keeps nothing: its memory is gone after
// a Kill.
type RedisServer struct {
	*Process
}

// Redis runs a RedisServer until the test ends. The test fails if redis-server
// is not installed.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	path, err := Binary("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return &RedisServer{Start(t, Command{
		Path: path,
		Args: func(port int) []string {
			return []string{
				"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir,
				"--save", "", "--appendonly", "no",
			}
		},
		Ready: func(port int) error {
			answer, err := redisCommand(port, "PING")
			if err == nil && answer != "+PONG" {
				err = fmt.Errorf("PING was answered with %q", answer)
			}
			return err
		},
	})}
}

// URL returns the address as a redis URL.
func (s *RedisServer) URL() string { return "redis://" + s.Addr() }

// Command sends one command, words apart by single spaces, and returns the
// first line of the answer with its type, such as "+OK" or ":1".
func (s *RedisServer) Command(t testing.TB, command string) string {
	t.Helper()
	answer, err := redisCommand(s.Port(), command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return answer
}

func redisCommand(port int, command string) (string, error) {
	c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b[:n]), "\r\n")
	return line, nil
}
