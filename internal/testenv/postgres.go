package testenv

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// A PostgresServer is a private Postgres with an empty data directory. Its superuser is
// postgres, without a password. fsync is on, so committed data survives a Kill.
type PostgresServer struct {
	*Process
	dir        string
	psql       string
	credential *syscall.Credential
	databases  atomic.Int64
}

var sharedPostgres = sync.OnceValues(func() (*PostgresServer, error) {
	s, err := launchPostgres()
	if err == nil {
		atEnd(s.close)
	}
	return s, err
})

// Postgres returns a server that the tests of a package share. Main ends it. Do not stop or
// kill it. Each test takes a URL of its own.
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	s, err := sharedPostgres()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// StartPostgres starts a server for one test, which may kill and freeze it.
func StartPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	s, err := launchPostgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("output of postgres:\n%s", s.Log())
		}
		s.close()
	})
	return s
}

// URL creates a database and returns its URL.
func (s *PostgresServer) URL(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: s.Addr(), Path: "/postgres"}
	u.RawQuery = "sslmode=disable"
	out, err := exec.Command(s.psql, "-X", "-q", "-c", "CREATE DATABASE "+name, u.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("create database %s: %v\n%s", name, err, out)
	}
	u.Path = "/" + name
	return u.String()
}

func (s *PostgresServer) close() {
	s.Process.Close()
	os.RemoveAll(s.dir)
}

func launchPostgres() (_ *PostgresServer, err error) {
	bin := postgresPatterns()
	s := &PostgresServer{}
	programs := make(map[string]string)
	for _, name := range []string{"initdb", "postgres", "psql"} {
		if programs[name], err = Binary(name, bin...); err != nil {
			return nil, err
		}
	}
	s.psql = programs["psql"]
	if s.credential, err = postgresCredential(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "testenv-postgres-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	if s.credential != nil {
		if err := os.Chown(s.dir, int(s.credential.Uid), int(s.credential.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(programs["initdb"], "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir = s.dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	s.Process, err = Launch(Command{
		Path: programs["postgres"],
		Args: func(port int) []string {
			return []string{
				"-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", s.dir,
				"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "timezone=Asia/Seoul",
			}
		},
		Ready:      s.ready,
		Dir:        s.dir,
		Credential: s.credential,
		Quit:       syscall.SIGINT, // ends sessions and does not wait for them
	})
	return s, err
}

// ready makes a query, because the port is open while the server still recovers.
func (s *PostgresServer) ready(port int) error {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: "sslmode=disable&connect_timeout=2"}
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	out, err := exec.Command(s.psql, "-X", "-q", "-t", "-c", "SELECT 1", u.String()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// postgresPatterns are the directories of the server's programs on several distributions.
// Often they are not in PATH.
func postgresPatterns() []string {
	patterns := []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		patterns = append([]string{strings.TrimSpace(string(out))}, patterns...)
	}
	return patterns
}

// postgresCredential is the user postgres if this process is root, because the server
// refuses to run as root.
func postgresCredential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: run `make deps`", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
