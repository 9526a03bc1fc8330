package store

import (
	"context"
	"sync"
	"time"
)

// Memory is a Store in memory, for tests and demos. Everything is lost when the process
// ends. Its methods may be called at the same time from any goroutine.
type Memory struct {
	// MaxEntries is how many of the newest entries a study keeps, rounded up to whole pages of 256.
	// 0 keeps all. A message that is sent again is recognised only while it is kept. Set it before
	// the first call.
	MaxEntries int64

	mu       sync.RWMutex // guards all below, and what they point to
	studies  map[StudyID]*memoryStudy
	presence *memoryPresence
}

var (
	_ Log   = (*Memory)(nil)
	_ Reads = (*Memory)(nil)
)

// memoryStudy is the log of a study. It keeps every client id, also generated ones: a hub that has
// given up waiting for a slow internal API tries again with the same id.
type memoryStudy struct {
	head int64
	// gone is how many entries were dropped, a multiple of pageRows.
	gone  int64
	pages []*memoryPage
	// rare has what is more than a text, by seq.
	rare map[int64]*Entry
	// seqs finds an entry by the hash of its key. Where another key has the same hash, clashes has
	// the entry.
	seqs      map[uint64]int64
	clashes   map[memoryKey]int64
	reactions map[int64][]memoryReaction // to the message of a seq
	reads     map[UserID]int64
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{
		studies:  make(map[StudyID]*memoryStudy),
		presence: newMemoryPresence(),
	}
}

// Append implements Store.
func (s *Memory) Append(ctx context.Context, msgs []Message) ([]Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]Message, len(msgs))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := now()
	for i, m := range msgs {
		st := s.study(m.StudyID)
		out[i] = st.append(m, now)
		st.keep(s.MaxEntries)
	}
	return out, nil
}

// study returns the study with id, and makes it if there is none. The caller holds s.mu.
func (s *Memory) study(id StudyID) *memoryStudy {
	st := s.studies[id]
	if st == nil {
		st = &memoryStudy{
			rare: make(map[int64]*Entry), seqs: make(map[uint64]int64), clashes: make(map[memoryKey]int64),
			reactions: make(map[int64][]memoryReaction), reads: make(map[UserID]int64),
		}
		s.studies[id] = st
	}
	return st
}

// Heads implements Store.
func (s *Memory) Heads(ctx context.Context, studies []StudyID) (map[StudyID]int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	heads := make(map[StudyID]int64, len(studies))
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range studies {
		heads[id] = 0
		if st := s.studies[id]; st != nil {
			heads[id] = st.head
		}
	}
	return heads, nil
}

// now is the clock of the store. It has milliseconds and no monotonic reading, so that
// a time is equal to itself after it was written and read as JSON.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
