package faults

import (
	"os"
	"testing"
)

// hubs is the number of hubs in a deployment.
const hubs = 3

// TestFaults is the short form: every fault once.
func TestFaults(t *testing.T) {
	h := newDeployment(t, hubs)
	score := NewScorecard()
	for i, f := range catalogue {
		if f.long {
			continue
		}
		t.Run(f.name, func(t *testing.T) { h.inject(t, f, uint64(i), score) })
	}
	if testing.Verbose() {
		if err := score.Summary().WriteTable(os.Stdout); err != nil {
			t.Error(err)
		}
	}
}
