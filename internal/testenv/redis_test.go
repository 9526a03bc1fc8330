package testenv_test

import (
	"testing"

	"github.com/coupchat/coup/internal/testenv"
)

func TestRedisKeepsItsAddressAfterAKill(t *testing.T) {
	server := testenv.Redis(t)
	addr := server.Addr()
	if got := server.Command(t, "SET k v"); got != "+OK" {
		t.Errorf("SET = %q, want +OK", got)
	}
	server.Kill(t)
	server.Restart(t)
	if got := server.Addr(); got != addr {
		t.Errorf("address after Restart = %q, want %q", got, addr)
	}
	if got := server.Command(t, "GET k"); got != "$-1" {
		t.Errorf("GET after Kill = %q, want $-1 (nothing)", got)
	}
}
