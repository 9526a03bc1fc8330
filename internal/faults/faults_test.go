package faults

import (
	"os"
	"testing"
)

// hubs is how many there are in a house.
const hubs = 3

// TestHouseOnFire is the short form: every fault once.
func TestHouseOnFire(t *testing.T) {
	h := newHouse(t, hubs)
	score := NewScorecard()
	for i, f := range catalogue {
		if f.long {
			continue
		}
		t.Run(f.name, func(t *testing.T) { h.fight(t, f, uint64(i), score) })
	}
	if testing.Verbose() {
		if err := score.Summary().WriteTable(os.Stdout); err != nil {
			t.Error(err)
		}
	}
}
