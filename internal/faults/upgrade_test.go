package faults

import (
	"flag"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/coupchat/coup/internal/testenv"
)

// before is a flag of make upgrade.
var before = flag.String("faults.before", "", "program of a version before, which TestUpgrade replaces")

// TestUpgrade starts a deployment of the version before, and restarts one process after the other with
// this version while clients post. Without its flag it does nothing.
func TestUpgrade(t *testing.T) {
	if *before == "" {
		return
	}
	now := build(t)
	for _, order := range []struct {
		name     string
		apiFirst bool
	}{{"all hubs, then the api", false}, {"the api, then all hubs", true}} {
		t.Run(order.name, func(t *testing.T) {
			h, score := newDeployment(t, hubs), NewScorecard()
			h.inject(t, fault{name: "upgrade", messages: true, run: func(r *round) {
				var processes []*testenv.Process
				for _, b := range h.hubs {
					processes = append(processes, b.Process)
				}
				at := len(processes)
				if order.apiFirst {
					at = 0
				}
				for _, p := range slices.Insert(processes, at, h.api) {
					p.Quit(r, syscall.SIGTERM, patience)
					p.SetPath(now)
					p.Restart(r)
					r.flow(60)
				}
			}}, 1, score)
			if err := score.Summary().WriteTable(os.Stdout); err != nil {
				t.Error(err)
			}
		})
	}
}
