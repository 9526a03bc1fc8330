package testenv

import (
	"strconv"
	"testing"
)

// Standby starts a copy of the server that follows it until the test ends. It returns when
// commits on the server wait for the standby: it is then a synchronous one.
func (s *PostgresServer) Standby(t testing.TB) *PostgresServer {
	t.Helper()
	standby := startPostgres(t, func(to *PostgresServer) error {
		return to.run("pg_basebackup", "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port()), "-U", "postgres",
			"-R", "-X", "stream", "-c", "fast", "--no-sync")
	})
	s.SQL(t, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	s.SQL(t, "SELECT pg_reload_conf()")
	await(t, "a synchronous standby", func() bool {
		return s.SQL(t, "SELECT sync_state FROM pg_stat_replication") == "sync" // and not "async"
	})
	return standby
}

// Promote makes a standby the primary. It returns when the server takes writes.
func (s *PostgresServer) Promote(t testing.TB) {
	t.Helper()
	if s.SQL(t, "SELECT pg_promote()") != "t" {
		t.Fatal("the standby was not promoted")
	}
}

// ReadOnly makes the server refuse writes, on connections that are open too.
func (s *PostgresServer) ReadOnly(t testing.TB) {
	t.Helper()
	s.SQL(t, "ALTER SYSTEM SET default_transaction_read_only = on")
	s.SQL(t, "SELECT pg_reload_conf()")
}
