// Package stockclient runs the stock Socket.IO client for tests, in a process of Node.js. The
// client is the npm package, unchanged.
package stockclient

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
)

// timeout bounds every wait for a client.
const timeout = 20 * time.Second

// Install installs what the package.json in folder names, once for each package-lock.json, in the
// repository's folder .cache. It returns the folder where it is installed.
func Install(t testing.TB, folder string) string {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	dir, err := install(folder)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var installing sync.Mutex

func install(folder string) (string, error) {
	npm, err := testenv.Binary("npm")
	if err != nil {
		return "", err
	}
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return "", err
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".cache", fmt.Sprintf("npm-%x", sha256.Sum256(lock))[:16])
	if _, err := os.Stat(filepath.Join(dir, "done")); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	command := exec.Command(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %s", err, out)
	}
	return dir, os.WriteFile(filepath.Join(dir, "done"), nil, 0o644)
}

// Root returns the root of the repository.
func Root() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("the sources are not there")
	}
	return filepath.Join(filepath.Dir(file), "..", ".."), nil
}
