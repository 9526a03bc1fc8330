// Package testenv runs the servers of tests as private child processes. It can kill, freeze
// and restart them. It never uses a service of the system.
package testenv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for a child process.
const patience = 30 * time.Second

// A Command says how to run a server on a loopback port.
type Command struct {
	// Path is the program, see Binary.
	Path string
	// Args returns its arguments for a port. It is called at each start.
	Args func(port int) []string
	// Ready returns nil once the server on 127.0.0.1:port answers. By default it makes a TCP
	// connection.
	Ready func(port int) error
	// Env is added to this process's environment.
	Env []string
	// Dir is the working directory. Defaults to this process's.
	Dir string
	// Credential runs it as another user. Defaults to this process's user.
	Credential *syscall.Credential
	// Quit is the signal for a clean shutdown. Defaults to SIGTERM.
	Quit syscall.Signal
}

// A Process is a running server. Only one goroutine at a time may call its methods.
type Process struct {
	command Command
	port    int
	release func() // of the port
	log     *os.File
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process has ended
}

// Start runs c on a free port until the test ends. If the test fails, it logs the output.
func Start(t testing.TB, c Command) *Process {
	t.Helper()
	p, err := Launch(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("output of %s:\n%s", c.Path, p.Log())
		}
		p.Close()
	})
	return p
}

// Launch runs c on a free port until Close, for servers shared by tests.
func Launch(c Command) (*Process, error) {
	log, err := os.CreateTemp("", "testenv-*.log")
	if err != nil {
		return nil, err
	}
	p := &Process{command: c, log: log}
	p.port, p.release, err = reservePort()
	if err == nil {
		err = p.start()
	}
	if err == nil {
		return p, nil
	}
	err = fmt.Errorf("start %s: %w; its output:\n%s", c.Path, err, p.Log())
	p.Close()
	return nil, err
}

// start runs the command on p.port and waits until it answers.
func (p *Process) start() error {
	cmd := exec.Command(p.command.Path, p.command.Args(p.port)...)
	cmd.Dir = p.command.Dir
	cmd.Env = append(os.Environ(), p.command.Env...)
	// A file and no pipe: Wait would wait for children that keep the pipe open.
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.command.Credential}
	dieWithParent(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { // kill ends the process and waits for this
		defer close(done)
		_ = cmd.Wait()
	}()
	p.cmd, p.done = cmd, done
	if err := p.await(done); err != nil {
		p.kill()
		return err
	}
	return nil
}

// errExited says that the server ended before it answered.
var errExited = errors.New("exited before it answered")

func (p *Process) await(done <-chan struct{}) error {
	ready := p.command.Ready
	if ready == nil {
		ready = dial
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for {
		err := ready(p.port)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer in %s: %w", patience, err)
		}
		select {
		case <-done:
			return errExited
		case <-tick.C:
		}
	}
}

func dial(port int) error {
	c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return err
	}
	return c.Close()
}

// Port returns the loopback port, the same one after a Restart.
func (p *Process) Port() int { return p.port }

// Addr returns the address, 127.0.0.1:port.
func (p *Process) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// Pid returns the id of the current process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// SetPath makes Restart run another program.
func (p *Process) SetPath(path string) { p.command.Path = path }

// Log returns the last 16 KiB of the server's output.
func (p *Process) Log() string {
	info, err := p.log.Stat()
	if err != nil {
		return err.Error()
	}
	b := make([]byte, min(info.Size(), 16<<10))
	n, _ := p.log.ReadAt(b, info.Size()-int64(len(b)))
	return string(b[:n])
}
