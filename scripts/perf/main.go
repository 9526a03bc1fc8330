// Perf measures what a hub costs as it grows, and draws it: CPU per delivery by the size of a
// room, resident memory by the number of connections, the cost of an idle hub, how a client that does
// not read affects the others, and what two hubs over one Redis cost.
//
//	go run ./scripts/perf            prints the figures and writes docs/performance.svg
//	go run ./scripts/perf -quick     fewer connections and shorter runs
//	go run ./scripts/perf -only stalled
//
// It builds and starts examples/embedded with a store in memory; for the two hubs examples/fullstack
// and redis-server, with the internal API of a store in memory. Absolute figures depend on the machine.
// How they grow does not.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

var (
	quick = flag.Bool("quick", false, "fewer connections and shorter runs")
	only  = flag.String("only", "", "rooms, memory, stalled or pair; empty: all")
	out   = flag.String("out", "docs/performance.svg", "where the drawing goes; empty: nowhere")
)

// Figures are the results of a run.
type Figures struct {
	RoomSize  []Point `json:"cpuPerDeliveryMicrosecondsByRoomSize"`
	Memory    []Point `json:"residentMegabytesByConnections"`
	Idle      Idle    `json:"idle"`
	StalledBy Stall   `json:"stalledReader"`
	Pair      Pair    `json:"twoHubs"`
}

// A Point is one point of a plot.
type Point struct{ X, Y float64 }

func main() {
	flag.Parse()
	// The load gets the other core. Without taskset it runs on any.
	_ = exec.Command("taskset", "-a", "-p", "-c", "1", fmt.Sprint(os.Getpid())).Run()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "perf:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "coup-perf")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", dir, "./examples/embedded", "./examples/fullstack")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build (run it from the root of the repository): %w", err)
	}
	var f Figures
	for _, step := range []struct {
		name, program string
		measure       func(string, *Figures) error
	}{{"rooms", "embedded", roomSizes}, {"memory", "embedded", memory}, {"stalled", "embedded", stalled}, {"pair", "fullstack", pair}} {
		if *only != "" && *only != step.name {
			continue
		}
		if err := step.measure(filepath.Join(dir, step.program), &f); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(b))
	if *out == "" || *only != "" {
		return nil
	}
	return os.WriteFile(*out, draw(f), 0o644)
}

// pick returns a, or b in a quick run.
func pick[T any](a, b T) T {
	if *quick {
		return b
	}
	return a
}

// roomSizes measures CPU per delivery with one message in flight per room, the
// median of three rounds.
func roomSizes(binary string, f *Figures) error {
	sizes := []int{2, 20, 200, 2000}
	rounds := map[int][]float64{}
	for range pick(3, 1) {
		for _, size := range sizes {
			cost, err := perDelivery(binary, size)
			if err != nil {
				return err
			}
			rounds[size] = append(rounds[size], cost)
		}
	}
	for _, size := range sizes {
		slices.Sort(rounds[size])
		f.RoomSize = append(f.RoomSize, Point{float64(size), rounds[size][len(rounds[size])/2]})
	}
	return nil
}

// perDelivery measures CPU per delivery, in microseconds, in rooms of one size.
func perDelivery(binary string, size int) (float64, error) {
	h, err := start(binary)
	if err != nil {
		return 0, err
	}
	cs, err := h.connect(2000, func(i int) string { return fmt.Sprint("r", i/size) })
	defer func() { h.stop(cs) }()
	if err != nil {
		return 0, err
	}
	for i := 0; i < len(cs); i += size {
		cs[i].keepSending = true
		cs[i].say(84)
	}
	time.Sleep(time.Second) // warm
	before, cpu := total(cs), h.cpu()
	time.Sleep(pick(5*time.Second, time.Second))
	deliveries := total(cs) - before
	return float64((h.cpu() - cpu).Microseconds()) / float64(deliveries), nil
}

// Idle is the cost of idle connections with pings.
type Idle struct {
	Connections int
	Goroutines  int
	CPUPercent  float64 // of one core
}

// memory measures resident memory while connections are opened, and then the idle hub.
func memory(binary string, f *Figures) error {
	h, err := start(binary)
	if err != nil {
		return err
	}
	var cs []*client
	defer func() { h.stop(cs) }()
	for _, n := range pick([]int{1000, 3000, 6000, 9000, 12000, 15000, 18000}, []int{1000, 2000}) {
		first := len(cs)
		more, err := h.connect(n-first, func(i int) string { return fmt.Sprint("r", (first+i)/20) })
		cs = append(cs, more...)
		if err != nil {
			return err
		}
		time.Sleep(3 * time.Second)
		f.Memory = append(f.Memory, Point{float64(n), h.rss() / 1e6})
	}
	f.Idle = Idle{Connections: len(cs), Goroutines: h.goroutines()}
	cpu, wait := h.cpu(), pick(50*time.Second, 5*time.Second) // two rounds of pings
	time.Sleep(wait)
	f.Idle.CPUPercent = 100 * float64(h.cpu()-cpu) / float64(wait)
	return nil
}

// Stall is the effect of a client that does not read.
type Stall struct {
	Members        int
	P99WithoutMs   float64
	P99WithMs      float64
	ClosedAfterSec float64 // the stalled client, counted from the first byte that it does not read
}

// stalled measures the time to the other clients of a room, in turns with a client that does
// not read and without one. That client asks for a replay, so that its connection is full
// from the start until the hub closes it.
func stalled(binary string, f *Figures) error {
	h, err := start(binary)
	if err != nil {
		return err
	}
	cs, err := h.connect(999, func(int) string { return "hall" })
	defer func() { h.stop(cs) }()
	if err != nil {
		return err
	}
	f.StalledBy = Stall{Members: len(cs) + 1}
	const missed = 450
	rounds, pace := pick(100, 20), 40*time.Millisecond
	var without, with []float64
	said := 0
	for range pick(6, 2) {
		without = append(without, cs[0].timeOthers(cs[1:], rounds, pace)...)
		for range missed {
			cs[0].say(2000)
		}
		said += rounds + missed
		for total(cs) < int64(said*len(cs)) {
			time.Sleep(10 * time.Millisecond)
		}
		token, err := h.token("stalled")
		if err != nil {
			return err
		}
		c, err := dial(h.addr, token)
		if err != nil {
			return err
		}
		slow, begin := h.metric("coup_connections_slow_total"), time.Now()
		c.text(fmt.Sprintf(`{"event":"join_room","data":{"studyId":"hall","after":%d}}`, said-missed))
		with = append(with, cs[0].timeOthers(cs[1:], rounds, pace)...)
		said += rounds
		for h.metric("coup_connections_slow_total") == slow {
			if time.Since(begin) > time.Minute {
				return fmt.Errorf("a member that reads nothing was not closed in a minute")
			}
			time.Sleep(10 * time.Millisecond)
		}
		f.StalledBy.ClosedAfterSec = max(f.StalledBy.ClosedAfterSec, time.Since(begin).Seconds())
		c.conn.Close()
	}
	f.StalledBy.P99WithoutMs, f.StalledBy.P99WithMs = p99(without), p99(with)
	return nil
}
