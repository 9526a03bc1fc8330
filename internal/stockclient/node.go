// Package stockclient runs the stock Socket.IO client for tests, in a process of Node.js. The
// client is the npm package, unchanged.
package stockclient

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
)

//go:embed driver.js
var driver []byte

//go:embed package.json
var manifest []byte

//go:embed package-lock.json
var lock []byte

// timeout bounds every wait for a client.
const timeout = 20 * time.Second

// install installs the npm package once for each lock file, in the repository's folder .cache. It
// returns the folder of the modules.
var install = sync.OnceValues(func() (string, error) {
	npm, err := testenv.Binary("npm")
	if err != nil {
		return "", err
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(string(root[:len(root)-1]), ".cache", fmt.Sprintf("npm-%x", sha256.Sum256(lock))[:16])
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(filepath.Join(dir, "done")); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for name, text := range map[string][]byte{"package.json": manifest, "package-lock.json": lock} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	command := exec.Command(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %s", err, out)
	}
	return modules, os.WriteFile(filepath.Join(dir, "done"), nil, 0o644)
})

// A Node is a process of Node.js with clients in it.
type Node struct {
	t     testing.TB
	stdin io.WriteCloser

	mu      sync.Mutex // guards what follows
	clients map[int]*Client
}

// Start starts a process, which ends with the test.
func Start(t testing.TB) *Node {
	t.Helper()
	modules, err := install()
	if err != nil {
		t.Fatal(err)
	}
	node, err := testenv.Binary("node")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "driver.js")
	if err := os.WriteFile(script, driver, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(node, script)
	command.Env = append(os.Environ(), "NODE_PATH="+modules)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	n := &Node{t: t, stdin: stdin, clients: map[int]*Client{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		n.read(stdout)
	}()
	t.Cleanup(func() {
		stdin.Close()
		<-read
		if err := command.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	return n
}

// read hands what happens to the clients.
func (n *Node) read(from io.Reader) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			ID int `json:"id"`
			Event
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			n.t.Errorf("node says %q: %v", lines.Bytes(), err)
			continue
		}
		n.mu.Lock()
		c := n.clients[line.ID]
		n.mu.Unlock()
		c.events <- line.Event
	}
}

// command sends a command.
func (n *Node) command(fields map[string]any) {
	n.t.Helper()
	b, err := json.Marshal(fields)
	if err != nil {
		n.t.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, err := n.stdin.Write(append(b, '\n')); err != nil {
		n.t.Fatal(err)
	}
}
