package poll

import (
	"sync"
	"sync/atomic"
)

// chunk is how many descriptors one part of a table covers.
const chunk = 4096

// A table finds streams by descriptor. Descriptors are small numbers that the system reuses, so
// it is an array, which grows in chunks.
type table struct {
	mu    sync.Mutex // guards growth
	parts [4096]atomic.Pointer[[chunk]atomic.Pointer[stream]]
}

func (t *table) get(fd int) *stream {
	if fd < 0 || fd >= chunk*len(t.parts) {
		return nil
	}
	part := t.parts[fd/chunk].Load()
	if part == nil {
		return nil
	}
	return part[fd%chunk].Load()
}

// put adds a stream. It reports false if the descriptor is too large for the table.
func (t *table) put(fd int, s *stream) bool {
	if fd < 0 || fd >= chunk*len(t.parts) {
		return false
	}
	slot := &t.parts[fd/chunk]
	if slot.Load() == nil {
		t.mu.Lock()
		if slot.Load() == nil {
			slot.Store(new([chunk]atomic.Pointer[stream]))
		}
		t.mu.Unlock()
	}
	slot.Load()[fd%chunk].Store(s)
	return true
}
