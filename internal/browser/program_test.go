package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if dir := built.dir; dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// patience bounds every wait for a program.
const patience = 30 * time.Second

// built is the program of examples/fullstack, which is built once.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// binary returns the path of the program, built with the race detector.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "coup-browser"); built.err != nil {
			return
		}
		build := exec.Command("go", "build", "-race", "-o", filepath.Join(built.dir, "fullstack"), "./examples/fullstack")
		build.Dir = filepath.Join("..", "..")
		if out, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatalf("build examples/fullstack: %v", built.err)
	}
	return filepath.Join(built.dir, "fullstack")
}

// A program is a process of examples/fullstack. It keeps its arguments when it is started
// again.
type program struct {
	path  string
	args  []string
	ready string // the address that serves /readyz
	hub   string // the address of the hub, if single has started it
	log   string // a file
	cmd   *exec.Cmd
	done  chan struct{}
}

// launch starts a program, which ends with the test. If it has raced or panicked the test
// fails.
func launch(t *testing.T, ready string, args ...string) *program {
	t.Helper()
	p := &program{path: binary(t), args: append([]string{"-example=false"}, args...), ready: ready, log: filepath.Join(t.TempDir(), "log")}
	p.start(t)
	t.Cleanup(func() {
		p.end(syscall.SIGTERM)
		b, _ := os.ReadFile(p.log)
		if strings.Contains(string(b), "DATA RACE") || strings.Contains(string(b), "panic") {
			t.Errorf("%v raced or panicked", args)
		}
		if t.Failed() {
			t.Logf("output of %v:\n%s", args, b[max(0, len(b)-16<<10):])
		}
	})
	return p
}

// start starts the program and waits until it is ready, or at least answers.
func (p *program) start(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	// Not t.Context, which ends before the cleanups.
	cmd := exec.CommandContext(context.Background(), p.path, p.args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, filepath.Dir(p.log)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.cmd, p.done = cmd, make(chan struct{})
	go func() {
		defer close(p.done)
		_ = cmd.Wait()
	}()
}

// end sends a signal and waits until the process has ended.
func (p *program) end(sig syscall.Signal) {
	_ = p.cmd.Process.Signal(sig) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// wait waits until /readyz answers 200.
func (p *program) wait(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		err := p.check()
		if err == nil {
			return
		}
		select {
		case <-p.done:
			t.Fatalf("%v has ended", p.args)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v is not ready: %v", p.args, err)
		}
	}
}

func (p *program) check() error {
	resp, err := http.Get("http://" + p.ready + "/readyz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// single starts both services in one process, on free addresses, and returns the process
// and the URL of the page. more are further arguments.
func single(t *testing.T, database string, more ...string) (*program, string) {
	t.Helper()
	page, signaling := testenv.FreeAddr(t), testenv.FreeAddr(t)
	p := launch(t, page, append([]string{"-database", database, "-api-addr", page, "-internal-addr", testenv.FreeAddr(t), "-signaling-addr", signaling}, more...)...)
	p.hub = signaling
	p.wait(t)
	return p, "http://" + page + "/"
}
