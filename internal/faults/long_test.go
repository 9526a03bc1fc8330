package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"
	"time"
)

// The flags of the long form; make faults sets them.
var (
	long     = flag.Bool("faults.long", false, "run the long form")
	seeds    = flag.Uint64("faults.seeds", 10, "how many times each fault is injected at most")
	minutes  = flag.Float64("faults.minutes", 60, "begin no fault after this many minutes")
	only     = flag.String("faults.only", "", "regular expression of the faults to inject")
	jsonFile = flag.String("faults.json", "", "file that gets the scorecard as JSON")
)

// TestLong injects every fault with many seeds, in a new order for each, and
// prints the scorecard. Without its flag it does nothing.
func TestLong(t *testing.T) {
	if !*long {
		return
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		t.Fatal(err)
	}
	h := newDeployment(t, hubs)
	h.scale, h.pairs = 4, 12
	score := NewScorecard()
	end := time.Now().Add(time.Duration(*minutes * float64(time.Minute)))
	for seed := range *seeds {
		for _, i := range rand.New(rand.NewPCG(seed, 3)).Perm(len(catalogue)) {
			if f := catalogue[i]; !f.short && (f.most == 0 || seed < f.most) && chosen.MatchString(f.name) && time.Now().Before(end) {
				t.Run(fmt.Sprintf("%s/seed %d", f.name, seed), func(t *testing.T) { h.inject(t, f, seed<<8|uint64(i), score) })
			}
		}
	}
	print(t, score.Summary())
}

// print prints the scorecard as JSON and as a table.
func print(t *testing.T, s Summary) {
	t.Helper()
	err := s.WriteJSON(os.Stdout)
	if err == nil {
		err = s.WriteTable(os.Stdout)
	}
	if err == nil && *jsonFile != "" {
		var f *os.File
		if f, err = os.Create(*jsonFile); err == nil {
			err = s.WriteJSON(f)
			f.Close()
		}
	}
	if err != nil {
		t.Error(err)
	}
}
