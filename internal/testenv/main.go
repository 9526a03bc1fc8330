package testenv

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// Main is the TestMain of a package whose tests use servers of this package. It runs the
// tests, ends the shared servers and checks that no goroutine is left.
//
//	func TestMain(m *testing.M) { testenv.Main(m) }
func Main(m *testing.M) { goleak.VerifyTestMain(closing{m}) }

type closing struct{ m *testing.M }

// Run runs the tests, and then the functions of atEnd, the last one first.
func (c closing) Run() int {
	defer func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		for i := len(shared.closers) - 1; i >= 0; i-- {
			shared.closers[i]()
		}
		shared.closers = nil
	}()
	return c.m.Run()
}

var shared struct {
	mu      sync.Mutex // guards closers
	closers []func()
}

// atEnd makes Main call f after the tests.
func atEnd(f func()) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.closers = append(shared.closers, f)
}
