// Gotest runs go test with its arguments and says what came of it: a line for
// each package, the whole output of what failed, and a closing line with the
// numbers. Unlike go test, it fails if a test was skipped: what does not run
// proves nothing.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

func main() {
	start := time.Now()
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(2)
	}
	r := newReport(os.Stdout)
	readErr := read(out, r)
	io.Copy(io.Discard, out) // so that go test can end
	err = errors.Join(readErr, cmd.Wait())
	if !r.close(err, time.Since(start)) {
		os.Exit(1)
	}
}

// read hands the events of go test -json to the report.
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
