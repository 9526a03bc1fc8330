package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
)

const secret = "a secret for measuring, of 32 bytes or more"

// A hub is the measured process.
type hub struct {
	cmd  *exec.Cmd
	addr string
	keys *jwt.Signer
}

// start starts examples/embedded, with a store in memory.
func start(binary string) (*hub, error) {
	return launch(binary, func(addr string) []string { return []string{"-addr", addr, "-pprof"} },
		"COUP_OPEN=1", "COUP_RATE=0", "DATABASE_URL=memory:")
}

// launch starts a program with a hub on a free address, and waits until it is ready.
func launch(binary string, args func(addr string) []string, env ...string) (*hub, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	keys, err := jwt.NewHS256([]byte(secret))
	if err != nil {
		return nil, err
	}
	h := &hub{cmd: onCore(0, binary, args(addr)...), addr: addr, keys: keys}
	h.cmd.Env = append(append(os.Environ(), "COUP_JWT_SECRET="+secret), env...)
	h.cmd.Stderr = os.Stderr
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	if !soon(func() bool {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}) {
		h.cmd.Process.Kill()
		h.cmd.Wait()
		return nil, fmt.Errorf("%s is not ready after 10 s", filepath.Base(binary))
	}
	return h, nil
}

// soon waits until a program is ready, and reports false if it is not after 10 s.
func soon(ready func() bool) bool {
	for range 200 {
		if ready() {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// freeAddr returns an address on loopback that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// onCore runs a program on one core, if there is taskset. Two programs on all cores would
// measure the scheduler.
func onCore(core int, program string, args ...string) *exec.Cmd {
	if _, err := exec.LookPath("taskset"); err != nil || runtime.NumCPU() < 2 {
		return exec.Command(program, args...)
	}
	return exec.Command("taskset", append([]string{"-c", strconv.Itoa(core), program}, args...)...)
}

func (h *hub) stop(cs []*client) {
	h.cmd.Process.Kill()
	h.cmd.Wait()
	for _, c := range cs {
		c.conn.Close()
	}
}

func (h *hub) token(user string) (string, error) {
	return h.keys.Sign(auth.Identity{UserID: user, UserName: user, ExpiresAt: time.Now().Add(time.Hour)})
}

// connect opens n connections, each of another user, and joins their rooms.
func (h *hub) connect(n int, room func(i int) string) ([]*client, error) {
	cs := make([]*client, n)
	errs := make([]error, n)
	slots := make(chan struct{}, 64)
	var wg sync.WaitGroup
	for i := range cs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			token, err := h.token("u" + strconv.FormatInt(time.Now().UnixNano(), 36) + strconv.Itoa(i))
			if err == nil {
				cs[i], err = dial(h.addr, token)
			}
			if err == nil {
				err = cs[i].enter(room(i))
			}
			errs[i] = err
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return cs, nil
}

// cpu returns the user and system time of the process.
func (h *hub) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", h.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rss returns the resident memory of the process, in bytes.
func (h *hub) rss() float64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if kb, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			n, _ := strconv.Atoi(strings.Fields(kb)[0])
			return float64(n) * 1024
		}
	}
	return 0
}

func (h *hub) get(path string) string {
	resp, err := http.Get("http://" + h.addr + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

func (h *hub) goroutines() int {
	var n int
	fmt.Sscanf(h.get("/debug/pprof/goroutine?debug=1"), "goroutine profile: total %d", &n)
	return n
}

// metric returns a value of /metrics, or -1.
func (h *hub) metric(name string) float64 {
	for line := range strings.Lines(h.get("/metrics")) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			f, _ := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return f
		}
	}
	return -1
}
