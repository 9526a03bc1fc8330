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

// ping returns nil if a message that is published on the node now arrives on its subscribing
// connection before ctx is done.
func (n *node) ping(ctx context.Context) error {
	nonce, heard := n.probes.begin()
	defer n.probes.end(nonce)
	// Again and again, because right after a start the first one may be published before
	// the subscription is active.
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		if err := n.publish(ctx, []bus.Message{{Channel: n.probes.channel, Payload: []byte(nonce)}}); err != nil {
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

// Ping implements bus.Pinger. It returns nil if a message that is published now arrives on
// every subscribing connection in use, before ctx is done and within Options.Timeout.
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

// listen probes the connection. It closes failing when the connection must be closed, or
// returns when ctx is done.
func (n *node) listen(ctx context.Context, failing chan<- struct{}) {
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := n.listenOnce(ctx); !errors.Is(err, errOldServer) {
			missed = 0 // it arrived, or could not be published, which says nothing about this connection
			continue
		}
		if missed++; missed == 2 && ctx.Err() == nil {
			close(failing)
			return
		}
	}
}

func (n *node) listenOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	return n.ping(ctx)
}
