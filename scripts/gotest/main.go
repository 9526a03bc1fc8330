// Gotest runs go test with its arguments and reports the result: a line for each package,
// the whole output of each test that failed, and a last line with the numbers. Unlike go
// test it fails if a test was skipped, because a test that does not run shows nothing.
//
//	go run ./scripts/gotest [-module DIR]... [flags] [packages]
//
// With -module it also runs all tests of the module in DIR, with the same flags, at the
// same time. The last line counts them too.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	start := time.Now()
	modules, args := split(os.Args[1:])
	runs := [][]string{args}
	for _, dir := range modules {
		runs = append(runs, append([]string{"-C", dir}, append(flags(args), "./...")...))
	}
	r := newReport(os.Stdout)
	errs := make([]error, len(runs))
	var wg sync.WaitGroup
	for i, args := range runs {
		wg.Go(func() { errs[i] = run(r, args) })
	}
	wg.Wait()
	if !r.close(errors.Join(errs...), time.Since(start)) {
		os.Exit(1)
	}
}

// split returns the directories of -module, and the other arguments.
func split(args []string) (modules, rest []string) {
	for len(args) > 1 && args[0] == "-module" {
		modules, args = append(modules, args[1]), args[2:]
	}
	return modules, args
}

// flags returns the arguments before the first package.
func flags(args []string) []string {
	first := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, ".") })
	if first < 0 {
		return slices.Clone(args)
	}
	return slices.Clone(args[:first])
}

// run runs go test with args and adds what it prints to the report.
func run(r *report, args []string) error {
	at := 0
	if len(args) > 1 && args[0] == "-C" { // must come right after the command
		at = 2
	}
	cmd := exec.Command("go", slices.Concat([]string{"test"}, args[:at], []string{"-json"}, args[at:])...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := read(out, r)
	io.Copy(io.Discard, out) // so that go test can end
	return errors.Join(readErr, cmd.Wait())
}

// read adds the events of go test -json to the report.
func read(out io.Reader, r *report) error {
	for dec := json.NewDecoder(out); ; {
		var e event
		if err := dec.Decode(&e); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the output of go test: %w", err)
		}
		r.take(e)
	}
}
