package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

type named struct{ name string }

// TestAnIndexIsLikeAMap does the same with an index and a map.
func TestAnIndexIsLikeAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, want := New(func(n *named) string { return n.name }), map[string]*named{}
	for step := range 200_000 {
		name := fmt.Sprint(rng.IntN(2_000))
		// It grows first, and then shrinks.
		if rng.IntN(200_000) > step {
			n := &named{name}
			x.Put(n)
			want[name] = n
		} else {
			x.Remove(name)
			delete(want, name)
		}
		if other := fmt.Sprint(rng.IntN(2_000)); x.Get(other) != want[other] {
			t.Fatalf("step %d: Get(%s) = %v, want %v", step, other, x.Get(other), want[other])
		}
	}
	all := slices.Collect(x.All())
	if len(all) != len(want) || x.Len() != len(want) {
		t.Fatalf("%d values, Len() = %d, want %d", len(all), x.Len(), len(want))
	}
	for _, n := range all {
		if want[n.name] != n {
			t.Errorf("All() has %v, want %v", n, want[n.name])
		}
	}
	if len(want) == 0 {
		t.Error("nothing is left to compare")
	}
}

func TestAnEmptyIndexHasNothing(t *testing.T) {
	x := New(func(n *named) string { return n.name })
	x.Remove("a")
	if x.Get("a") != nil || x.Len() != 0 {
		t.Error("an empty index has something")
	}
}
