package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Kill ends the server and its children at once, as kill -9 does, and waits
// until it is gone.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	if !p.running() {
		t.Fatalf("kill %s: it is not running", p.command.Path)
	}
	p.kill()
}

// Stop freezes the server and its children: connections stay open and nothing
// answers, until Continue or Kill.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	if err := p.signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// Continue ends a Stop.
func (p *Process) Continue(t testing.TB) {
	t.Helper()
	if err := p.signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// Restart runs the server again on the same port and data, after a Kill or
// instead of one, and waits until it answers.
func (p *Process) Restart(t testing.TB) {
	t.Helper()
	p.kill()
	deadline := time.Now().Add(patience)
	for {
		err := p.start()
		if err == nil {
			return
		}
		// What the killed one left (a port, shared memory) may take a moment to go.
		if !errors.Is(err, errExited) || time.Now().After(deadline) {
			t.Fatalf("restart %s: %v; its output:\n%s", p.command.Path, err, p.Log())
		}
	}
}

// Close ends the server in good order, or by force if that takes long. It may
// be called more than once.
func (p *Process) Close() {
	quit := p.command.Quit
	if quit == 0 {
		quit = syscall.SIGTERM
	}
	if p.running() {
		_ = p.signal(syscall.SIGCONT)
		_ = p.cmd.Process.Signal(quit)
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
		}
	}
	p.kill()
	if p.release != nil {
		p.release()
	}
	p.log.Close()
	os.Remove(p.log.Name())
}

func (p *Process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill leaves nothing running. It does nothing to a process that has ended.
func (p *Process) kill() {
	if p.running() {
		_ = p.signal(syscall.SIGKILL)
		<-p.done
	}
}

// signal reaches the server first and then its children, so that it cannot
// react to what happens to them.
func (p *Process) signal(sig syscall.Signal) error {
	if !p.running() {
		return fmt.Errorf("%s %s: it is not running", sig, p.command.Path)
	}
	pid := p.cmd.Process.Pid
	children := childrenOf(pid)
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("%s %s: %w", sig, p.command.Path, err)
	}
	for _, child := range children {
		_ = syscall.Kill(child, sig) // it may have ended by itself
	}
	return nil
}

// childrenOf lists the direct children of pid, none where the system has no
// /proc.
func childrenOf(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var pids []int
	for _, file := range files {
		b, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}
