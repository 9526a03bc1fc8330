package main

import (
	"errors"
	"strings"
	"testing"
)

func TestReportSaysWhatIsWorthReading(t *testing.T) {
	const run = `{"Action":"run","Package":"p","Test":"TestA"}{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}`
	for _, tt := range []struct {
		name, events string
		err          error
		ok           bool
		want         string
	}{
		{"one line for a package that passes", run + `{"Action":"output","Package":"p","Test":"TestA","Output":"log\n"}{"Action":"pass","Package":"p","Test":"TestA"}{"Action":"output","Package":"p","Output":"PASS\n"}{"Action":"output","Package":"p","Output":"ok p 0.1s\n"}{"Action":"pass","Package":"p"}`,
			nil, true, "ok p 0.1s\ntests: PASS: 1 passed, 0 failed, 0 skipped in 1 packages, 0s\n"},
		{"all of a failure, nothing of what passed", run + `{"Action":"pass","Package":"p","Test":"TestA"}{"Action":"output","Package":"p","Test":"TestA","Output":"fine\n"}{"Action":"output","Package":"p","Test":"TestB","Output":"b.go:1: broken\n"}{"Action":"fail","Package":"p","Test":"TestB"}{"Action":"output","Package":"p","Output":"FAIL p 0.1s\n"}{"Action":"fail","Package":"p"}`,
			errors.New("exit status 1"), false, "b.go:1: broken\nFAIL p 0.1s\ntests: FAIL (exit status 1): 1 passed, 1 failed, 0 skipped in 1 packages, 0s\n"},
		{"a skipped test, which is a failure", run + `{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA\n"}{"Action":"skip","Package":"p","Test":"TestA"}{"Action":"output","Package":"p","Output":"ok p 0.1s\n"}{"Action":"pass","Package":"p"}`,
			nil, false, "--- SKIP: TestA\nok p 0.1s\ntests: FAIL (a skipped test is a failure): 0 passed, 0 failed, 1 skipped in 1 packages, 0s\n"},
		{"a package without tests, which is no skipped test", run + `{"Action":"pass","Package":"p","Test":"TestA"}{"Action":"output","Package":"q","Output":"? q [no test files]\n"}{"Action":"skip","Package":"q"}{"Action":"output","Package":"p","Output":"ok p 0.1s\n"}{"Action":"pass","Package":"p"}`,
			nil, true, "? q [no test files]\nok p 0.1s\ntests: PASS: 1 passed, 0 failed, 0 skipped in 2 packages, 0s\n"},
		{"what does not build", `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: oops\n"}{"Action":"output","Package":"p","Output":"FAIL p [build failed]\n"}{"Action":"fail","Package":"p"}`,
			errors.New("exit status 1"), false, "p.go:1: oops\nFAIL p [build failed]\ntests: FAIL (exit status 1): 0 passed, 0 failed, 0 skipped in 1 packages, 0s\n"},
		{"a package that did not end", run + `{"Action":"output","Package":"p","Test":"TestA","Output":"last words\n"}`,
			errors.New("signal: killed"), false, "FAIL\tp\tdid not end\nlast words\ntests: FAIL (signal: killed): 0 passed, 0 failed, 0 skipped in 0 packages, 0s\n"},
		{"that nothing ran", ``, nil, false, "tests: FAIL: 0 passed, 0 failed, 0 skipped in 0 packages, 0s\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := read(strings.NewReader(tt.events), r); err != nil {
				t.Fatal(err)
			}
			if ok := r.close(tt.err, 0); ok != tt.ok {
				t.Errorf("ok = %v, want %v", ok, tt.ok)
			}
			if got := out.String(); got != tt.want {
				t.Errorf("report:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}
