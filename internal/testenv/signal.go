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

// Kill ends the server and its children with SIGKILL, and waits until they have ended.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	if !p.running() {
		t.Fatalf("kill %s: it is not running", p.command.Path)
	}
	p.kill()
}

// Stop freezes the server and its children until Continue or Kill: connections stay open and
// nothing answers.
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

// Restart starts the server again with the same port and data, and waits until it answers. It
// kills a server that is still running.
func (p *Process) Restart(t testing.TB) {
	t.Helper()
	p.kill()
	deadline := time.Now().Add(patience)
	for {
		err := p.start()
		if err == nil {
			return
		}
		// The system may need a moment to free the port and shared memory of the old one.
		if !errors.Is(err, errExited) || time.Now().After(deadline) {
			t.Fatalf("restart %s: %v; its output:\n%s", p.command.Path, err, p.Log())
		}
	}
}

// Close shuts the server down cleanly, or kills it if that takes long. It may be called more
// than once.
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

// kill kills the server and its children. It does nothing if the server has ended.
func (p *Process) kill() {
	if p.running() {
		_ = p.signal(syscall.SIGKILL)
		<-p.done
	}
}

// signal sends sig to the server and then to its children, so that the server cannot react to
// the end of a child.
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
		_ = syscall.Kill(child, sig) // it may have ended already
	}
	return nil
}

// childrenOf returns the direct children of pid, or none if the system has no /proc.
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
