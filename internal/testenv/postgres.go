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
	programs   map[string]string // their paths
	credential *syscall.Credential
	databases  atomic.Int64
}

var sharedPostgres = sync.OnceValues(func() (*PostgresServer, error) {
	s, err := launchPostgres(initdb)
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
	return startPostgres(t, initdb)
}

func startPostgres(t testing.TB, fill func(*PostgresServer) error) *PostgresServer {
	t.Helper()
	s, err := launchPostgres(fill)
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

// URL creates a database and returns its URL. options are those of CREATE DATABASE.
func (s *PostgresServer) URL(t testing.TB, options ...string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	s.SQL(t, "CREATE DATABASE "+name+" "+strings.Join(options, " "))
	return s.at(s.Port(), name)
}

// at returns the URL of a database.
func (s *PostgresServer) at(port int, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: "sslmode=disable"}
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return u.String()
}

// SQL runs a statement as the superuser, in the database postgres. It returns the values of
// the answer, one row in a line.
func (s *PostgresServer) SQL(t testing.TB, statement string) string {
	t.Helper()
	out, err := s.sql(s.Port(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return out
}

func (s *PostgresServer) sql(port int, statement string) (string, error) {
	cmd := exec.Command(s.programs["psql"], "-X", "-q", "-t", "-A", "-c", statement, s.at(port, "postgres"))
	cmd.Env = append(os.Environ(), "PGCONNECT_TIMEOUT=2")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

func (s *PostgresServer) close() {
	s.Process.Close()
	os.RemoveAll(s.dir)
}

// launchPostgres starts a server whose data fill makes.
func launchPostgres(fill func(*PostgresServer) error) (_ *PostgresServer, err error) {
	bin := postgresPatterns()
	s := &PostgresServer{programs: make(map[string]string)}
	for _, name := range []string{"initdb", "postgres", "psql", "pg_basebackup"} {
		if s.programs[name], err = Binary(name, bin...); err != nil {
			return nil, err
		}
	}
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
	if err := fill(s); err != nil {
		return nil, err
	}
	s.Process, err = Launch(Command{
		Path: s.programs["postgres"],
		Args: func(port int) []string {
			return []string{
				"-D", s.data(), "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", s.dir,
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

func (s *PostgresServer) data() string { return filepath.Join(s.dir, "data") }

// run runs a program that makes the data of the server.
func (s *PostgresServer) run(name string, args ...string) error {
	cmd := exec.Command(s.programs[name], append(args, "-D", s.data())...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func initdb(s *PostgresServer) error {
	return s.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
}

// ready makes a query, because the port is open while the server still recovers.
func (s *PostgresServer) ready(port int) error {
	_, err := s.sql(port, "SELECT 1")
	return err
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
