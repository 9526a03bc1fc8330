package room

import (
	"container/list"
	"sync"
)

// A memory bounds what the rooms of a hub remember, all together.
type memory struct {
	limit int64 // in bytes; below 0 there is none

	mu   sync.Mutex // guards what follows, and the memory of each room
	used int64
	// rooms holds a *memoryOf for each room that remembers something. The one that was used
	// least recently is the first.
	rooms list.List
}

// A memoryOf is what memory knows of a room.
type memoryOf struct {
	// forget makes the room forget everything. It must not block.
	forget func()
	bytes  int64
	place  *list.Element // nil if bytes is 0
}

// use notes that a room was used, and how many bytes it remembers. The rooms that were used
// least recently forget, until the others are within the limit.
func (m *memory) use(of *memoryOf, bytes int64) {
	m.mu.Lock()
	m.set(of, bytes)
	var over []*memoryOf
	for m.limit >= 0 && m.used > m.limit {
		first := m.rooms.Front().Value.(*memoryOf)
		m.set(first, 0)
		over = append(over, first)
	}
	m.mu.Unlock()
	for _, first := range over {
		first.forget()
	}
}

// set sets the bytes of a room, which was used now. The caller holds mu.
func (m *memory) set(of *memoryOf, bytes int64) {
	m.used += bytes - of.bytes
	of.bytes = bytes
	switch {
	case bytes == 0 && of.place != nil:
		m.rooms.Remove(of.place)
		of.place = nil
	case bytes > 0 && of.place == nil:
		of.place = m.rooms.PushBack(of)
	case bytes > 0:
		m.rooms.MoveToBack(of.place)
	}
}

// total returns how many bytes all rooms remember.
func (m *memory) total() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}
