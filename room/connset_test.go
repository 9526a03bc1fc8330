package room

import (
	"slices"
	"testing"
)

func TestASetOfConnectionsHoldsWhatWasAdded(t *testing.T) {
	conns := []Conn{&fuzzed{}, &fuzzed{}, &fuzzed{}}
	var set connSet
	for i, c := range conns {
		if set.remove(c) {
			t.Error("a connection was removed that was never added")
		}
		set.add(c)
		if got := set.all(); set.len() != i+1 || !slices.Equal(got, conns[:i+1]) {
			t.Errorf("after %d connections the set has %d", i+1, set.len())
		}
	}
	for i, c := range []Conn{conns[0], conns[2], conns[1]} {
		if !set.remove(c) || set.remove(c) || set.len() != 2-i || slices.Contains(set.all(), c) {
			t.Errorf("connection %d was not removed once", i)
		}
	}
}
