package testenv

import (
	"syscall"
	"testing"
	"time"
)

// Quit asks the server to end with sig, waits until it has and returns how long
// that took. One that is still there after within fails the test.
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
