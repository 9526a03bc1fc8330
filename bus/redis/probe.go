package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
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

// listen closes deaf when the connection has to be given up, or returns when ctx
// is done.
func (b *Bus) listen(ctx context.Context, deaf chan<- struct{}) {
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := b.Ping(ctx); !errors.Is(err, errDeaf) {
			missed = 0 // heard, or not published: the latter proves nothing
			continue
		}
		if missed++; missed == 2 && ctx.Err() == nil {
			close(deaf)
			return
		}
	}
}
