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

// errDeaf says that a connection looks alive but brings nothing, as after a
// failover that left it with the old server.
var errDeaf = errors.New("redis: what was published did not come back on the subscribing connection")

// listenEvery is how often the bus tries whether it hears itself. Twice in a row
// it must not have heard before it makes a new connection, so that a burst of
// messages alone does not cost it.
const listenEvery = time.Second

// probes are messages of the bus to itself. They do not pass through the inbox:
// a slow handler does not make the connection a bad one.
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

// ping returns nil if what is published now on the node is heard on its
// subscribing connection before ctx is done.
func (n *node) ping(ctx context.Context) error {
	nonce, heard := n.probes.begin()
	defer n.probes.end(nonce)
	// Said again and again: right after a start the subscription may not be
	// there yet when the first one is.
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
			return fmt.Errorf("%w: %w", errDeaf, ctx.Err())
		}
	}
}

// Ping returns nil if what is published now is heard on every subscribing
// connection in use, before ctx is done or Options.Timeout over. It tells what a
// readiness check wants to know.
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

// listen closes deaf when the connection has to be given up, or returns when ctx
// is done.
func (n *node) listen(ctx context.Context, deaf chan<- struct{}) {
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := n.listenOnce(ctx); !errors.Is(err, errDeaf) {
			missed = 0 // heard, or not published: the latter proves nothing
			continue
		}
		if missed++; missed == 2 && ctx.Err() == nil {
			close(deaf)
			return
		}
	}
}

func (n *node) listenOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.bus.timeout)
	defer cancel()
	return n.ping(ctx)
}
