package room

import "slices"

// A connSet holds the connections of a user. Most have one, for which nothing is allocated.
type connSet struct {
	first Conn
	more  *[]Conn // nil unless there are others
}

func (s *connSet) len() int {
	switch {
	case s.first == nil:
		return 0
	case s.more == nil:
		return 1
	}
	return 1 + len(*s.more)
}

func (s *connSet) add(c Conn) {
	switch {
	case s.first == nil:
		s.first = c
	case s.more == nil:
		s.more = &[]Conn{c}
	default:
		*s.more = append(*s.more, c)
	}
}

// remove removes a connection. It reports false if it is not there.
func (s *connSet) remove(c Conn) bool {
	all := s.all()
	i := slices.Index(all, c)
	if i < 0 {
		return false
	}
	*s = connSet{}
	for _, c := range slices.Delete(all, i, i+1) {
		s.add(c)
	}
	return true
}

// all returns a copy of the set.
func (s *connSet) all() []Conn {
	switch {
	case s.first == nil:
		return nil
	case s.more == nil:
		return []Conn{s.first}
	}
	return append([]Conn{s.first}, *s.more...)
}
