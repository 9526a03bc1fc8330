package redis

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// The shortest and the longest pause before a new connection. Each pause is random, and at
// least half of its bound.
const (
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
)

// maxChannels is how many channels one command has, and how many commands are sent at once.
const maxChannels = 512

// refusedPause is the pause before the bus subscribes again to a channel that the server
// refused because its slot moves.
const refusedPause = 250 * time.Millisecond

// run keeps a subscribing connection while the node has channels, until ctx is done.
func (n *node) run(ctx context.Context) {
	pause := minPause
	for ctx.Err() == nil {
		if !n.used.Load() {
			select {
			case <-n.wake:
			case <-ctx.Done():
			}
			continue
		}
		if n.connection(ctx) {
			pause = minPause
		}
		n.failing.Store(true)
		n.bus.suspect()
		wait := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
		pause = min(2*pause, maxPause)
	}
}

// connection makes a connection and keeps it subscribed to the channels of the node until it
// is lost. It reports whether the connection ever worked. It returns no error: Ping returns
// the current one.
func (n *node) connection(ctx context.Context) (good bool) {
	conn, _ := n.client.Dedicate() // Close releases it
	defer conn.Close()
	lost := conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: n.onMessage, OnSubscription: n.onSubscription})

	current := make(map[string]struct{})
	refused, err := n.subscribe(ctx, conn, current, append(n.wanted(), n.probes.channel))
	if err != nil {
		return false
	}
	n.failing.Store(false)

	ctx, cancel := context.WithCancel(ctx)
	failing := make(chan struct{})
	var listening sync.WaitGroup
	listening.Go(func() { n.listen(ctx, failing) })
	defer listening.Wait()
	defer cancel()
	var again <-chan time.Time
	role := time.NewTicker(listenEvery)
	defer role.Stop()
	for {
		if len(refused) > 0 && again == nil { // another wake-up does not delay it
			n.bus.suspect()
			again = time.After(refusedPause)
		}
		select {
		case <-ctx.Done():
			return true
		case <-lost:
			return true
		case <-failing:
			return true
		case <-role.C:
			if errors.Is(n.askRole(ctx, conn), errReplica) {
				return true
			}
			continue
		case <-n.wake:
		case <-again:
			n.retouch(refused)
			refused, again = nil, nil
		}
		add, known, remove := n.changes(current)
		for _, channel := range known {
			n.bus.inbox.put(received{kind: held, from: n, channel: channel})
		}
		more, err := n.subscribe(ctx, conn, current, add)
		if err != nil || n.unsubscribe(ctx, conn, current, remove) != nil {
			return true
		}
		refused = append(refused, more...)
	}
}

// subscribe returns when the server has confirmed all channels except those that it refused,
// because their slot moves. onSubscription gets the confirmations, in order with the
// messages.
func (n *node) subscribe(ctx context.Context, conn rueidis.DedicatedClient, current map[string]struct{}, channels []string) (refused []string, err error) {
	plain, sharded := n.divide(channels)
	for batch := range slices.Chunk(plain, maxChannels) {
		if err := n.do(ctx, conn, conn.B().Subscribe().Channel(batch...).Build())[0].Error(); err != nil {
			return nil, err
		}
		for _, channel := range batch {
			current[channel] = struct{}{}
		}
	}
	for batch := range slices.Chunk(sharded, maxChannels) {
		commands := make([]rueidis.Completed, len(batch)) // each may be in another slot
		for i, channel := range batch {
			commands[i] = conn.B().Ssubscribe().Channel(channel).Build()
		}
		for i, r := range n.do(ctx, conn, commands...) {
			err := r.Error()
			switch {
			case err == nil:
				current[batch[i]] = struct{}{}
			case isMoving(err):
				refused = append(refused, batch[i])
			default:
				return nil, err
			}
		}
	}
	return refused, nil
}

func (n *node) unsubscribe(ctx context.Context, conn rueidis.DedicatedClient, current map[string]struct{}, channels []string) error {
	plain, sharded := n.divide(channels)
	var commands []rueidis.Completed
	for batch := range slices.Chunk(plain, maxChannels) {
		commands = append(commands, conn.B().Unsubscribe().Channel(batch...).Build())
	}
	for _, channel := range sharded {
		commands = append(commands, conn.B().Sunsubscribe().Channel(channel).Build())
	}
	for batch := range slices.Chunk(commands, maxChannels) {
		for _, r := range n.do(ctx, conn, batch...) {
			if err := r.Error(); err != nil && !isMoving(err) {
				return err
			}
		}
	}
	for _, channel := range channels {
		delete(current, channel)
	}
	return nil
}

// divide divides channels into sharded and plain ones.
func (n *node) divide(channels []string) (plain, sharded []string) {
	if !n.bus.cluster {
		return channels, nil
	}
	for _, channel := range channels {
		if channel != n.probes.channel && n.bus.sharded(channel) {
			sharded = append(sharded, channel)
		} else {
			plain = append(plain, channel)
		}
	}
	return plain, sharded
}

// isMoving reports whether the server says that the slot of a channel is on another node, or
// moves.
func isMoving(err error) bool {
	e, ok := rueidis.IsRedisErr(err)
	if !ok {
		return false
	}
	_, moved := e.IsMoved()
	_, ask := e.IsAsk()
	return moved || ask || e.IsTryAgain() || e.IsClusterDown()
}

func (n *node) do(ctx context.Context, conn rueidis.DedicatedClient, commands ...rueidis.Completed) []rueidis.RedisResult {
	ctx, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	return conn.DoMulti(ctx, commands...)
}

// onMessage is called by the goroutine that reads the connection, so it must be quick.
func (n *node) onMessage(m rueidis.PubSubMessage) {
	if m.Channel == n.probes.channel {
		n.probes.arrived(m.Message)
		return
	}
	n.bus.inbox.put(received{kind: message, from: n, channel: m.Channel, payload: m.Message})
}

func (n *node) onSubscription(s rueidis.PubSubSubscription) {
	switch s.Kind {
	case "subscribe", "ssubscribe":
		n.bus.inbox.put(received{kind: confirmed, from: n, channel: s.Channel})
	case "sunsubscribe":
		n.taken(s.Channel)
	}
}
