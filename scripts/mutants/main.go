// Mutants shows that the tests can fail. It seeds one bug after the other into a copy of the
// repository, and runs the tests of the packages that should notice it.
//
//	go run ./scripts/mutants                 all bugs, about ten minutes
//	go run ./scripts/mutants -only kick      those whose name has the word in it
//
// It fails if no test notices a bug, or if a bug does not apply to the code any more.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var only = flag.String("only", "", "only bugs whose name contains this")

// A mutant is one bug: in a file, old becomes new.
type mutant struct {
	name, file, old, new string
	pkgs                 string // packages whose tests should notice, and flags
}

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "coup-mutants")
	if err != nil {
		fail(err)
	}
	missed, err := run(ctx, dir)
	os.RemoveAll(dir)
	if err != nil {
		fail(err)
	}
	if missed > 0 {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "mutants:", err)
	os.Exit(1)
}

// run tries all bugs in a copy of the files that git tracks.
func run(ctx context.Context, dir string) (missed int, err error) {
	files, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		return 0, err
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(files), "\x00"), "\x00") {
		b, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return 0, err
		}
		if err := os.WriteFile(to, b, 0o644); err != nil {
			return 0, err
		}
	}
	tried := 0
	for _, m := range mutants {
		if !strings.Contains(m.name, *only) {
			continue
		}
		if ctx.Err() != nil {
			return missed, ctx.Err()
		}
		tried++
		start := time.Now()
		by, err := m.try(ctx, dir)
		took := time.Since(start).Round(time.Second)
		switch {
		case err != nil:
			missed++
			fmt.Printf("BROKEN  %-62s %v\n", m.name, err)
		case by == "":
			missed++
			fmt.Printf("MISSED  %-62s %s\n", m.name, took)
		default:
			fmt.Printf("caught  %-62s %s  by %s\n", m.name, took, by)
		}
	}
	fmt.Printf("%d bugs seeded, %d caught, %d missed\n", tried, tried-missed, missed)
	return missed, nil
}

// failed finds the first test that has failed.
var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// hung finds the test that has not ended.
var hung = regexp.MustCompile(`running tests:\n\s+(\S+)`)

// try returns the test that has noticed a bug, or "".
func (m mutant) try(ctx context.Context, dir string) (by string, err error) {
	file := filepath.Join(dir, m.file)
	clean, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if strings.Count(string(clean), m.old) != 1 {
		return "", fmt.Errorf("%s has %d places like %q, want one", m.file, strings.Count(string(clean), m.old), m.old)
	}
	defer os.WriteFile(file, clean, 0o644)
	if err := os.WriteFile(file, []byte(strings.Replace(string(clean), m.old, m.new, 1)), 0o644); err != nil {
		return "", err
	}
	args := append([]string{"test", "-vet=off", "-timeout", "120s", "-failfast"}, strings.Fields(m.pkgs)...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "", nil
	}
	if strings.Contains(string(out), "[build failed]") || strings.Contains(string(out), "[setup failed]") {
		return "", fmt.Errorf("does not compile:\n%s", out)
	}
	// The innermost of the failed subtests comes last in a run that stops early.
	if found := failed.FindAllStringSubmatch(string(out), -1); found != nil {
		return found[len(found)-1][1], nil
	}
	if found := hung.FindStringSubmatch(string(out)); found != nil {
		return found[1] + ", which does not end", nil
	}
	return "a crash of " + m.pkgs, nil
}
