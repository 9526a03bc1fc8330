// Perf measures what a hub costs as it grows, and draws it: CPU per delivery
// against the size of a room, resident memory against the number of connections,
// what an idle hub does, and what a member that reads nothing does to the others.
//
//	go run ./scripts/perf            prints the figures and writes docs/performance.svg
//	go run ./scripts/perf -quick     fewer connections and shorter runs
//
// It builds and starts examples/embedded with a store in memory. Absolute figures
// are of the machine it runs on; how they grow is not.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

var (
	quick = flag.Bool("quick", false, "fewer connections and shorter runs")
	out   = flag.String("out", "docs/performance.svg", "where the drawing goes; empty: nowhere")
)

// Figures is what a run found.
type Figures struct {
	RoomSize  []Point `json:"cpuPerDeliveryMicrosecondsByRoomSize"`
	Memory    []Point `json:"residentMegabytesByConnections"`
	Idle      Idle    `json:"idle"`
	StalledBy Stall   `json:"stalledReader"`
}

// A Point is one measured pair.
type Point struct{ X, Y float64 }

func main() {
	flag.Parse()
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
	binary := filepath.Join(dir, "embedded")
	build := exec.Command("go", "build", "-o", binary, "./examples/embedded")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build (run it from the root of the repository): %w", err)
	}
	var f Figures
	for _, step := range []func(string, *Figures) error{roomSizes, memory, stalled} {
		if err := step(binary, &f); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(b))
	if *out == "" {
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

// roomSizes measures CPU per delivery with one message in flight per room.
func roomSizes(binary string, f *Figures) error {
	for _, size := range []int{2, 20, 200, 2000} {
		h, err := start(binary)
		if err != nil {
			return err
		}
		cs, err := h.connect(2000, func(i int) string { return fmt.Sprint("r", i/size) })
		if err == nil {
			for i := 0; i < len(cs); i += size {
				cs[i].keepSending = true
				cs[i].say()
			}
			time.Sleep(time.Second) // warm
			before, cpu := total(cs), h.cpu()
			time.Sleep(pick(5*time.Second, time.Second))
			deliveries := total(cs) - before
			f.RoomSize = append(f.RoomSize, Point{float64(size), float64((h.cpu() - cpu).Microseconds()) / float64(deliveries)})
		}
		h.stop(cs)
		if err != nil {
			return err
		}
	}
	return nil
}

// Idle is what a hub does with silent connections, pings running.
type Idle struct {
	Connections int
	Goroutines  int
	CPUPercent  float64 // of one core
}

// memory measures resident memory as connections come, and then the idle hub.
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

// Stall is what happens around a member that reads nothing.
type Stall struct {
	Members        int
	P99WithoutMs   float64
	P99WithMs      float64
	ClosedAfterSec float64 // the stalled member, from when it stops reading
}

// stalled measures the time to the other members of a room with and without one
// of them reading.
func stalled(binary string, f *Figures) error {
	h, err := start(binary)
	if err != nil {
		return err
	}
	cs, err := h.connect(1000, func(int) string { return "hall" })
	defer func() { h.stop(cs) }()
	if err != nil {
		return err
	}
	rounds := pick(300, 20)
	pace := 50 * time.Millisecond
	without := cs[0].timeOthers(cs[1:], rounds, pace)
	begin := time.Now()
	cs[len(cs)-1].stall()
	with := cs[0].timeOthers(cs[1:len(cs)-1], rounds, pace)
	f.StalledBy = Stall{Members: len(cs), P99WithoutMs: without, P99WithMs: with}
	// What the system buffers for it is far from full, so it is its silence that
	// gives it away: it answers no ping.
	for h.metric("coup_connections") == float64(len(cs)) && time.Since(begin) < 2*time.Minute {
		time.Sleep(100 * time.Millisecond)
	}
	f.StalledBy.ClosedAfterSec = time.Since(begin).Seconds()
	return nil
}
