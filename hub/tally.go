package hub

import (
	"maps"
	"sync"
)

// maxNames bounds the names of a tally: reasons may come from a Verifier.
const maxNames = 100

// A tally counts what has names, such as errors by code. Its methods may be called at the
// same time from any goroutine.
type tally struct {
	mu sync.Mutex // guards n
	n  map[string]int64
}

// add counts one. Names over maxNames are counted as "other".
func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int64{}
	}
	if _, known := t.n[name]; !known && len(t.n) >= maxNames {
		name = "other"
	}
	t.n[name]++
}

// counts returns the counts of this moment.
func (t *tally) counts() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.n)
}
