package testenv

import (
	"syscall"
	"testing"
	"time"
)

// Quit sends sig, waits until the server has ended, and returns how long that took. If that is
// longer than within, the test fails.
func (p *Process) Quit(t testing.TB, sig syscall.Signal, within time.Duration) time.Duration {
	t.Helper()
	if !p.running() {
		t.Fatalf("quit %s: it is not running", p.command.Path)
	}
	begin := time.Now()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("quit %s: %v", p.command.Path, err)
	}
	select {
	case <-p.done:
	case <-time.After(within):
		t.Fatalf("quit %s: still running after %v; its output:\n%s", p.command.Path, within, p.Log())
	}
	return time.Since(begin)
}
