// Package stockclient runs the stock Socket.IO client for tests, in a process of Node.js. The
// client is the npm package, unchanged.
package stockclient

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
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
