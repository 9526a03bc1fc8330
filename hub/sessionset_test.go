package hub

import (
	"slices"
	"testing"
)

func TestASetOfSessionsKnowsWhereEachIs(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var set sessionSet
		var left []*session
		for range order {
			s := &session{}
			set.add(s)
			left = append(left, s)
		}
		all := slices.Clone(left)
		for _, i := range order {
			set.remove(all[i])
			left = slices.DeleteFunc(left, func(s *session) bool { return s == all[i] })
			if len(set) != len(left) {
				t.Fatalf("%v: %d sessions are in the set, want %d", order, len(set), len(left))
			}
			for _, s := range left {
				if !slices.Contains(set, s) {
					t.Errorf("%v: after %d a session that has not left is missing", order, i)
				}
			}
		}
	}
}
