package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// An event is a line of go test -json, see go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// A report collects the output of one or more runs of go test, and prints what matters.
type report struct {
	w io.Writer

	mu       sync.Mutex // guards what follows, and writes to w
	running  map[string]*pkg
	packages int
	tests    struct{ passed, failed, skipped int }
}

// A pkg is the output of a package while its tests run.
type pkg struct {
	lines []line
	ended map[string]string // how each test ended: pass, fail or skip
}

type line struct{ test, text string }

func newReport(w io.Writer) *report { return &report{w: w, running: map[string]*pkg{}} }

// take adds an event. It may be called at the same time from several goroutines.
func (r *report) take(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Action == "build-output" {
		fmt.Fprint(r.w, e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := r.running[e.Package]
	if p == nil {
		p = &pkg{ended: map[string]string{}}
		r.running[e.Package] = p
	}
	switch e.Action {
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			p.lines = append(p.lines, line{e.Test, e.Output})
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packages++
			p.print(r.w, e.Action)
			delete(r.running, e.Package)
			return
		}
		p.ended[e.Test] = e.Action
		switch e.Action {
		case "pass":
			r.tests.passed++
		case "fail":
			r.tests.failed++
		case "skip":
			r.tests.skipped++
		}
	}
}

// print prints the last line of a package whose tests passed, and otherwise everything that
// does not come from tests that passed. (A package is skipped if it has no tests.)
func (p *pkg) print(w io.Writer, action string) {
	for i, l := range p.lines {
		passed := p.ended[l.test] == "pass"
		last := l.test == "" && i == len(p.lines)-1
		if last || !passed && (action == "fail" || l.test != "") {
			fmt.Fprint(w, l.text)
		}
	}
}

// close prints the last line and reports whether all tests passed. err is the error of go
// test.
func (r *report) close(err error, took time.Duration) bool {
	for name, p := range r.running { // go test died
		fmt.Fprintf(r.w, "FAIL\t%s\tdid not end\n", name)
		p.print(r.w, "fail")
	}
	n := r.tests
	ok := err == nil && n.failed == 0 && n.skipped == 0 && n.passed > 0
	verdict := "PASS"
	switch {
	case !ok && err != nil:
		verdict = "FAIL (" + err.Error() + ")"
	case !ok && n.skipped > 0:
		verdict = "FAIL (a skipped test is a failure)"
	case !ok:
		verdict = "FAIL"
	}
	fmt.Fprintf(r.w, "tests: %s: %d passed, %d failed, %d skipped in %d packages, %.0fs\n",
		verdict, n.passed, n.failed, n.skipped, r.packages, took.Seconds())
	return ok
}
