package stockclient

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/coupchat/coup/internal/testenv"
)

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
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	here := filepath.Join(root, "internal", "stockclient")
	modules := filepath.Join(Install(t, here), "node_modules")
	node, err := testenv.Binary("node")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(node, filepath.Join(here, "driver.js"))
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
