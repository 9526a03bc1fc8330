package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram in the environment makes the test binary run the program instead of the tests. It
// was built with the same flags, so -race checks the processes too.
const asProgram = "COUP_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// patience bounds every wait of these tests.
const patience = 30 * time.Second

// A process is one of the two services. It keeps its addresses when it is started again.
type process struct {
	name string
	args []string
	addr string // serves /readyz
	log  string // file
	cmd  *exec.Cmd
	done chan struct{}
}

// launch starts a process, which ends with the test. If the test fails, it prints the output
// of the process. A data race in the process fails the test.
func launch(t *testing.T, name, addr string, args ...string) *process {
	t.Helper()
	p := &process{name: name, addr: addr, args: args, log: filepath.Join(t.TempDir(), "log")}
	p.start(t)
	t.Cleanup(func() {
		p.end(syscall.SIGTERM)
		b, _ := os.ReadFile(p.log)
		if strings.Contains(string(b), "DATA RACE") || strings.Contains(string(b), "panic") {
			t.Errorf("%s raced or panicked", name)
		}
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, b[max(0, len(b)-16<<10):])
		}
	})
	return p
}

func (p *process) start(t *testing.T) {
	t.Helper()
	// Not t.Context, which ends before the cleanups. The deadline ends the process if the
	// tests take too long.
	ctx := context.Background()
	if deadline, ok := t.Deadline(); ok {
		bounded, cancel := context.WithDeadline(ctx, deadline.Add(-2*time.Second))
		t.Cleanup(cancel)
		ctx = bounded
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, os.Args[0], p.args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = filepath.Dir(p.log)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	p.cmd, p.done = cmd, done
}

// end sends a signal and waits until the process has ended. It returns the exit code, -1 if
// a signal ended it.
func (p *process) end(sig syscall.Signal) int {
	_ = p.cmd.Process.Signal(sig) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return p.cmd.ProcessState.ExitCode()
}

// ready waits until /readyz answers 200.
func (p *process) ready(t *testing.T) *process {
	t.Helper()
	eventually(t, p.name+" is ready", patience, func() error {
		select {
		case <-p.done:
			t.Fatalf("%s has ended", p.name)
		default:
		}
		if status, body := get(t, "http://"+p.addr+"/readyz", ""); status != http.StatusOK {
			return fmt.Errorf("readyz = %d %q", status, body)
		}
		return nil
	})
	return p
}

// logged returns the output of the process.
func (p *process) logged() string {
	b, _ := os.ReadFile(p.log)
	return string(b)
}

// eventually calls check until it returns nil.
func eventually(t *testing.T, what string, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %v: %v", what, within, err)
		}
	}
}

// get returns the status and body, 0 and the error if there is no answer.
func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	return request(t, "GET", url, token, "")
}

// request returns the status and body, 0 and the error if there is no answer.
func request(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	authorization := ""
	if token != "" {
		authorization = "Bearer " + token
	}
	answer, b, err := exchange(t, method, url, authorization, body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, b
}

// exchange makes a request and reads the answer. authorization is the header, if it is not "".
func exchange(t *testing.T, method, url, authorization, body string) (answer *http.Response, read string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	if answer, err = http.DefaultClient.Do(r); err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer, string(b), err
}
