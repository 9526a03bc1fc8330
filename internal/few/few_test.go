package few

import (
	"slices"
	"testing"
)

func TestASetHoldsWhatWasAdded(t *testing.T) {
	var set Set[int]
	for v := 1; v <= 3; v++ {
		if set.Remove(v) || set.Find(func(got int) bool { return got == v }) != 0 {
			t.Errorf("%d is there before it was added", v)
		}
		set.Add(v)
		if set.Len() != v || !slices.Equal(set.All(), []int{1, 2, 3}[:v]) || set.Find(func(got int) bool { return got == v }) != v {
			t.Errorf("after %d members the set is %v", v, set.All())
		}
	}
	for i, v := range []int{1, 3, 2} {
		if !set.Remove(v) || set.Remove(v) || set.Len() != 2-i || slices.Contains(set.All(), v) {
			t.Errorf("%d was not removed once", v)
		}
	}
}
