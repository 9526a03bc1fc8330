package testenv

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// PgBouncer runs a pooler in front of the server until the test ends, and returns a function
// that makes the URL of a database lead to it. mode is session, transaction or statement.
// conns is how many connections to a database it makes at most. more are lines of its
// configuration.
func PgBouncer(t testing.TB, server *PostgresServer, mode string, conns int, more ...string) func(rawURL string) string {
	t.Helper()
	path, err := Binary("pgbouncer", "/usr/sbin")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "testenv-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	// It refuses to run as root, and reads its configuration as its user.
	if c := server.credential; c != nil {
		if err := os.Chown(dir, int(c.Uid), int(c.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "pgbouncer.ini")
	process := Start(t, Command{
		Path: path,
		Args: func(port int) []string {
			lines := append([]string{
				"[databases]",
				fmt.Sprintf("* = host=127.0.0.1 port=%d user=postgres", server.Port()),
				"[pgbouncer]",
				"listen_addr = 127.0.0.1",
				fmt.Sprintf("listen_port = %d", port),
				"unix_socket_dir =",
				"auth_type = any",
				"pool_mode = " + mode,
				fmt.Sprintf("default_pool_size = %d", conns),
				"max_client_conn = 200",
				"server_login_retry = 1",
			}, more...)
			if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
				t.Error(err)
			}
			return []string{config}
		},
		Dir:        dir,
		Credential: server.credential,
	})
	return func(rawURL string) string {
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		u.Host = net.JoinHostPort("127.0.0.1", fmt.Sprint(process.Port()))
		return u.String()
	}
}
