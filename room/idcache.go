package room

import "sync"

// maxSeen is how many notification ids are remembered.
const maxSeen = 1 << 16

// seen remembers which notifications were shown to whom, the newest maxSeen.
type seen struct {
	mu    sync.Mutex // guards what follows
	keys  map[string]struct{}
	order []string
	next  int
}

// first reports whether id is new to the audience, and remembers it. Without an
// id everything is new.
func (s *seen) first(audience, id string) bool {
	if id == "" {
		return true
	}
	key := audience + " " + id // an audience has no space in it
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.keys[key]; known {
		return false
	}
	if s.keys == nil {
		s.keys = map[string]struct{}{}
	}
	s.keys[key] = struct{}{}
	if len(s.order) < maxSeen {
		s.order = append(s.order, key)
		return true
	}
	delete(s.keys, s.order[s.next])
	s.order[s.next] = key
	s.next = (s.next + 1) % maxSeen
	return true
}
