package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

const serviceToken = "a-service-token-for-measuring-of-32-bytes-or-more"

// Pair is the cost of two hubs over one Redis. Rooms of 20 have ten members on each.
type Pair struct {
	CPUPerDeliveryMicroseconds [2]float64 // of each hub, one message in flight per room
	AtRestP99Ms                float64    // from a send on one hub to the receipt on the other
	UnderLoadP99Ms             float64    // the same while the rooms of 20 are busy
}

// pair measures two signaling services that share a Redis and an internal API. This process serves the
// API, on the core of the load.
func pair(binary string, f *Figures) error {
	redis, stopRedis, err := startRedis()
	if err != nil {
		return err
	}
	defer stopRedis()
	api, err := serveStore()
	if err != nil {
		return err
	}
	defer api.Close()
	var hubs [2]*hub
	var members [2][]*client
	for i := range hubs {
		hubs[i], err = launch(binary, func(addr string) []string {
			return []string{"-role", "signaling", "-signaling-addr", addr, "-api-url", "http://" + api.Addr().String(), "-redis", "redis://" + redis, "-rate", "0"}
		}, "COUP_SERVICE_TOKEN="+serviceToken)
		if err != nil {
			return err
		}
		defer func() { hubs[i].stop(members[i]) }()
	}
	const rooms, size = 100, 20
	for i, h := range hubs {
		if members[i], err = h.connect(rooms*size/2, func(n int) string { return fmt.Sprint("r", n/(size/2)) }); err != nil {
			return err
		}
	}
	timed := func(h *hub, n int) ([]*client, error) { return h.connect(n, func(int) string { return "timed" }) }
	sender, err := timed(hubs[0], 1)
	if err != nil {
		return err
	}
	receivers, err := timed(hubs[1], size-1)
	if err != nil {
		return err
	}
	rounds, pace := pick(500, 50), 10*time.Millisecond
	f.Pair.AtRestP99Ms = p99(sender[0].timeOthers(receivers, rounds, pace))

	for room := range rooms { // half of the senders are on each hub
		c := members[room%2][room*size/2]
		c.keepSending = true
		c.say(84)
	}
	time.Sleep(time.Second) // warm
	var deliveries [2]int64
	var cpu [2]time.Duration
	for i, h := range hubs {
		deliveries[i], cpu[i] = total(members[i]), h.cpu()
	}
	time.Sleep(pick(5*time.Second, time.Second))
	for i, h := range hubs {
		f.Pair.CPUPerDeliveryMicroseconds[i] = float64((h.cpu() - cpu[i]).Microseconds()) / float64(total(members[i])-deliveries[i])
	}
	f.Pair.UnderLoadP99Ms = p99(sender[0].timeOthers(receivers, rounds, pace))
	return nil
}

// serveStore serves the internal API over a store in memory, of which everybody is a member everywhere.
func serveStore() (net.Listener, error) {
	api, err := rest.NewHandler(store.NewMemory(), coup.Everyone, rest.HandlerOptions{Tokens: []string{serviceToken}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go http.Serve(l, api) // ends with the listener
	return l, nil
}

// startRedis starts a Redis that keeps nothing, on the core of the load.
func startRedis() (addr string, stop func(), err error) {
	if addr, err = freeAddr(); err != nil {
		return "", nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", nil, err
	}
	cmd := onCore(1, "redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("redis-server: %w", err)
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	if !soon(func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}) {
		stop()
		return "", nil, errors.New("redis-server is not ready after 10 s")
	}
	return addr, stop, nil
}
