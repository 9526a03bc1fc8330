package testenv

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A RedisServer is a private Redis without persistence.
type RedisServer struct {
	*Process
}

// Redis runs a RedisServer until the test ends. The test fails if redis-server
// is not installed.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	return redisServer(t)
}

// redisServer is Redis with further arguments.
func redisServer(t testing.TB, more ...string) *RedisServer {
	t.Helper()
	dir := t.TempDir()
	return startRedis(t, func(port int) []string {
		return append([]string{
			"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir,
			"--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0",
		}, more...)
	})
}

func startRedis(t testing.TB, args func(port int) []string) *RedisServer {
	t.Helper()
	path, err := Binary("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	return &RedisServer{Start(t, Command{
		Path: path,
		Args: args,
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

// Command sends one command, whose words are separated by single spaces. It returns the first
// line of the answer with its type, such as "+OK" or ":1".
func (s *RedisServer) Command(t testing.TB, command string) string {
	t.Helper()
	line, _, _ := strings.Cut(s.Answer(t, command), "\r\n")
	return line
}

// Answer is Command, but returns all lines of an answer that fits into one packet.
func (s *RedisServer) Answer(t testing.TB, command string) string {
	t.Helper()
	answer, err := redisAnswer(s.Port(), command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return answer
}

func redisCommand(port int, command string) (string, error) {
	answer, err := redisAnswer(port, command)
	line, _, _ := strings.Cut(answer, "\r\n")
	return line, err
}

func redisAnswer(port int, command string) (string, error) {
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
	return string(b[:n]), err
}
