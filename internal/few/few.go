// Package few holds sets that most often have one member.
package few

import "slices"

// A Set is a set in the order in which its members were added. The zero value is empty. Nothing is
// allocated for the first member. The zero value of T is no member. The methods must not be called at the
// same time.
type Set[T comparable] struct {
	first T
	more  *[]T // nil unless there are others
}

// Len returns how many members there are.
func (s *Set[T]) Len() int {
	var none T
	switch {
	case s.first == none:
		return 0
	case s.more == nil:
		return 1
	}
	return 1 + len(*s.more)
}

// Add adds a member that is not in the set.
func (s *Set[T]) Add(v T) {
	var none T
	switch {
	case s.first == none:
		s.first = v
	case s.more == nil:
		s.more = &[]T{v}
	default:
		*s.more = append(*s.more, v)
	}
}

// Remove removes a member. It reports false if it is not there.
func (s *Set[T]) Remove(v T) bool {
	all := s.All()
	i := slices.Index(all, v)
	if i < 0 {
		return false
	}
	*s = Set[T]{}
	for _, other := range slices.Delete(all, i, i+1) {
		s.Add(other)
	}
	return true
}

// All returns a copy of the set.
func (s *Set[T]) All() []T {
	var none T
	switch {
	case s.first == none:
		return nil
	case s.more == nil:
		return []T{s.first}
	}
	return append([]T{s.first}, *s.more...)
}

// Find returns the first member for which is reports true, or zero.
func (s *Set[T]) Find(is func(T) bool) T {
	var none T
	switch {
	case s.first == none || is(s.first):
		return s.first
	case s.more != nil:
		if i := slices.IndexFunc(*s.more, is); i >= 0 {
			return (*s.more)[i]
		}
	}
	return none
}
