package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A bug that cannot be seeded shows nothing.
func TestEveryBugStillApplies(t *testing.T) {
	for _, m := range mutants {
		b, err := os.ReadFile(filepath.Join("..", "..", m.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := strings.Count(string(b), m.old); n != 1 {
			t.Errorf("%s: %s has %d places like %q, want one", m.name, m.file, n, m.old)
		}
	}
	if len(mutants) < 30 {
		t.Errorf("%d bugs, want 30 at least", len(mutants))
	}
}
