package testenv

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// Binary returns the path of a program, in PATH or in a directory that matches one of the
// patterns. The error says how to install it.
func Binary(name string, patterns ...string) (string, error) {
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(filepath.Join(pattern, name)); len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("%s is not installed: run `make deps`", name)
}
