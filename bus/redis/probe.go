package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coupchat/coup/bus"
)

// errOldServer says that a connection is open but receives nothing, as after a failover that
// left it with the old server.
var errOldServer = errors.New("redis: what was published did not come back on the subscribing connection")

// listenEvery is the gap between two probes. After two in a row that did not come back the
// bus makes a new connection; one may be late because of a burst of messages.
const listenEvery = time.Second

// othersEvery is how many probes there are to one over a new connection.
const othersEvery = 3

// probes are messages that the bus publishes to itself. They bypass the inbox, because a slow
// handler does not mean that the connection has failed.
type probes struct {
	channel string

	mu      sync.Mutex // guards waiting
	waiting map[string]chan struct{}
}

func newProbes(prefix string) *probes {
	return &probes{channel: prefix + "probe:" + rand.Text(), waiting: make(map[string]chan struct{})}
}

func (p *probes) begin() (nonce string, heard <-chan struct{}) {
	nonce = rand.Text()
	c := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[nonce] = c
	return nonce, c
}

func (p *probes) end(nonce string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, nonce)
}

func (p *probes) arrived(nonce string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.waiting[nonce]; c != nil {
		close(c)
		delete(p.waiting, nonce)
	}
}

// ping returns nil if the node is no replica and a message that is published on it now
// arrives on its subscribing connection before ctx is done.
func (n *node) ping(ctx context.Context) error {
	if err := n.checkRole(ctx); err != nil {
		n.bus.suspect()
		if n.bus.isClosing() {
			return bus.ErrClosed
		}
		return err
	}
	return n.hears(ctx, func(nonce string) error {
		return n.publish(ctx, []bus.Message{{Channel: n.probes.channel, Payload: []byte(nonce)}})
	})
}

// hears returns nil when what publish sends has arrived on the subscribing connection.
func (n *node) hears(ctx context.Context, publish func(nonce string) error) error {
	nonce, heard := n.probes.begin()
	defer n.probes.end(nonce)
	// Again and again, because right after a start the first one may be published before
	// the subscription is active.
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for sent := false; ; sent = true {
		if err := publish(nonce); err != nil {
			if sent && ctx.Err() != nil { // an earlier one was published
				return fmt.Errorf("%w: %w", errOldServer, err)
			}
			return err
		}
		select {
		case <-heard:
			return nil
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errOldServer, ctx.Err())
		}
	}
}

// Ping implements bus.Pinger. It returns nil if no server in use is a replica, and a message
// that is published now arrives on every subscribing connection in use, before ctx is done
// and within Options.Timeout.
func (b *Bus) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	t, err := b.where()
	if err != nil {
		return err
	}
	if t.home == nil {
		return errNowhere
	}
	answers := make(chan error, len(t.nodes))
	asked := 0
	for _, n := range t.nodes {
		if n.used.Load() {
			asked++
			go func() { answers <- n.ping(ctx) }() // received below
		}
	}
	for range asked {
		err = errors.Join(err, <-answers)
	}
	return err
}

// listen probes the connection. It closes failing when both connections of the node must be
// replaced, or returns when ctx is done.
func (n *node) listen(ctx context.Context, failing chan<- struct{}) {
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	missed := 0
	for i := 1; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := n.listenOnce(ctx); errors.Is(err, errOldServer) {
			missed++
		} else {
			missed = 0 // it arrived, or could not be published, which says nothing about this connection
		}
		if missed < 2 && (i%othersEvery != 0 || n.hearsOthers(ctx)) || ctx.Err() != nil {
			continue
		}
		n.left.Store(true)
		n.bus.suspect()
		close(failing)
		return
	}
}

func (n *node) listenOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	return n.ping(ctx)
}

// hearsOthers reports false if the address of the node leads to another master now: what is
// published over a new connection does not arrive, and what the node publishes does. An old
// server may still believe that it is the master, so its role says nothing.
func (n *node) hearsOthers(ctx context.Context) bool {
	within, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	client, err := connect(small(n.bus.config), n.addr)
	if err != nil {
		return true
	}
	defer client.Close()
	if n.askRole(within, client) != nil {
		return true // a replica or nothing is no better place
	}
	err = n.hears(within, func(nonce string) error {
		return client.Do(within, client.B().Publish().Channel(n.probes.channel).Message(nonce).Build()).Error()
	})
	return !errors.Is(err, errOldServer) || n.listenOnce(ctx) != nil
}
