package imports

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A module that requires coup must not get the tools of its tests into its module graph.
func TestTheModulesOfAConsumer(t *testing.T) {
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	goMod := "module consumer\n\ngo 1.26.0\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + checkout + "\n"
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"go.mod": []byte(goMod), "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-mod=mod", "-m", "all")
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS="), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -m all: %v", err)
	}
	if !strings.Contains(string(out), "github.com/gobwas/ws ") {
		t.Errorf("go list -m all does not list gobwas/ws: this shows nothing:\n%s", out)
	}
	for _, unwanted := range []string{"chromedp", "honnef.co"} {
		if strings.Contains(string(out), unwanted) {
			t.Errorf("go list -m all lists %s:\n%s", unwanted, out)
		}
	}
}
