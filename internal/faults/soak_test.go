package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// soak is set by make soak.
var soak = flag.Float64("faults.soak", 0, "run for this many minutes with a fault each 20 s, and measure the memory of the services")

const (
	// soakEvery is the gap between two faults.
	soakEvery = 20 * time.Second
	// soakWarm is after how long memory counts: by then caches and pools are full.
	soakWarm = 10 * time.Minute
	// soakWindow is the time of which the lowest sample counts, see lowest.
	soakWindow = 5 * time.Minute
	// soakSlope is how fast the memory of a service may grow, in bytes an hour.
	soakSlope = 1 << 20
)

// soaking are the faults of a soak: those after which the hubs and the api are still the same
// processes.
var soaking = regexp.MustCompile(`^(Redis is killed and back at once|Redis is killed and back after 2 s|Redis freezes|traffic |the publish of|Redis cuts|answers of|connections |the api freezes|the api takes|Postgres is killed|Postgres stops|rows are|a hub freezes$|one client|clients join|members are kicked$|members are kicked while|malformed|notifications)`)

// A sample is the resident memory of a service at a time: its own, and the pages of files, which it
// shares with all processes of the same program. Those come and go with the cache of the system.
type sample struct {
	at           time.Duration
	bytes, files float64
}

// TestSoak lets the deployment run with clients that come, post and go, and a fault each 20 s.
// Nothing may be lost, and the memory of the services must not grow. Without its flag it does
// nothing.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		return
	}
	h := newDeployment(t, hubs)
	var chosen []fault
	for _, f := range catalogue {
		if soaking.MatchString(f.name) {
			chosen = append(chosen, f)
		}
	}
	pids := map[string]int{"api": h.api.Pid()}
	for i, b := range h.hubs {
		pids[fmt.Sprint("hub ", i+1)] = b.Pid()
	}
	score := NewScorecard()
	begin := time.Now()
	end := begin.Add(time.Duration(*soak * float64(time.Minute)))
	rng := rand.New(rand.NewPCG(uint64(begin.UnixNano()), 5))
	memory := watchMemory(t, begin, pids)
	tick := time.NewTicker(soakEvery)
	defer tick.Stop()
	for n := 0; time.Now().Before(end); n++ {
		f := chosen[rng.IntN(len(chosen))]
		t.Run(fmt.Sprintf("%d %s", n, f.name), func(t *testing.T) { h.inject(t, f, rng.Uint64(), score) })
		<-tick.C
	}
	print(t, score.Summary())
	for name, all := range memory() {
		var counted []sample
		for _, s := range all {
			if s.at >= soakWarm {
				counted = append(counted, s)
			}
		}
		last := all[len(all)-1]
		if len(counted) < 10 {
			t.Logf("%s: %.1f MiB after %s; too short to say how it grows", name, last.bytes/(1<<20), last.at.Round(time.Second))
			continue
		}
		var shape []string
		for _, s := range lowest(all) {
			shape = append(shape, fmt.Sprintf("%.1f", s.bytes/(1<<20)))
		}
		t.Logf("%s: lowest MiB of each five minutes: %s", name, strings.Join(shape, " "))
		grows := slope(lowest(counted))
		t.Logf("%s: %.1f MiB, and %.1f MiB of files (%.1f at minute 10), after %s, %+.2f MiB an hour from minute 10 on",
			name, last.bytes/(1<<20), last.files/(1<<20), counted[0].files/(1<<20), last.at.Round(time.Second), grows/(1<<20))
		if grows > soakSlope {
			t.Errorf("the memory of %s grows by %.2f MiB an hour", name, grows/(1<<20))
		}
	}
}

// watchMemory samples the resident memory of processes each second. The function that it returns ends
// that, and returns the samples by name.
func watchMemory(t *testing.T, begin time.Time, pids map[string]int) func() map[string][]sample {
	t.Helper()
	samples := map[string][]sample{}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			for name, pid := range pids {
				now, err := resident(pid)
				if err != nil {
					t.Errorf("%s is not the same process any more: %v", name, err)
					return
				}
				now.at = time.Since(begin)
				samples[name] = append(samples[name], now)
			}
			select {
			case <-tick.C:
			case <-end:
				return
			}
		}
	}()
	return func() map[string][]sample {
		close(end)
		<-ended
		return samples
	}
}

// resident returns the resident memory of a process. See proc(5), statm.
func resident(pid int) (s sample, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return s, err
	}
	var size, all, files float64
	if _, err := fmt.Sscan(string(b), &size, &all, &files); err != nil {
		return s, err
	}
	page := float64(os.Getpagesize())
	return sample{bytes: (all - files) * page, files: files * page}, nil
}

// lowest returns the smallest sample of each five minutes that are over. What lies above it is garbage that
// the next collection frees: it comes and goes by some MiB.
func lowest(samples []sample) (low []sample) {
	for _, s := range samples {
		if n := len(low); n == 0 || s.at/soakWindow != low[n-1].at/soakWindow {
			low = append(low, s)
		} else if s.bytes < low[n-1].bytes {
			low[n-1] = s
		}
	}
	if last := samples[len(samples)-1].at; last%soakWindow < soakWindow-2*soakEvery {
		low = low[:len(low)-1]
	}
	return low
}

// slope returns the growth an hour of the line of least squares through samples.
func slope(samples []sample) float64 {
	var x, y, xx, xy float64
	for _, s := range samples {
		h := s.at.Hours()
		x, y, xx, xy = x+h, y+s.bytes, xx+h*h, xy+h*s.bytes
	}
	n := float64(len(samples))
	return (n*xy - x*y) / (n*xx - x*x)
}

func TestTheSlopeOfALine(t *testing.T) {
	var samples []sample
	for i := range 20 {
		samples = append(samples, sample{at: time.Duration(i) * time.Minute, bytes: 1e6 + 100*float64(i) + float64(i%2)})
	}
	if got := slope(samples); got < 5_995 || got > 6_005 {
		t.Errorf("slope = %f an hour, want 6000", got)
	}
}

func TestGarbageIsNoGrowth(t *testing.T) {
	var samples []sample
	for i := range 60 { // 600 bytes an hour, and garbage that comes and goes
		samples = append(samples, sample{at: time.Duration(i) * time.Minute, bytes: 1e6 + 10*float64(i) + 1e5*float64(i%5)*float64(i)})
	}
	samples = append(samples, sample{at: time.Hour, bytes: 2e6}) // the last five minutes have only begun
	if got := slope(lowest(samples)); got < 599 || got > 601 {
		t.Errorf("slope = %f an hour, want 600", got)
	}
}
