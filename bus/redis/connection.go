package redis

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// Pauses before a new connection; each is drawn from the upper half.
const (
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
)

// maxChannels is how many channels one SUBSCRIBE names, so that no command gets
// too large.
const maxChannels = 512

// run keeps a subscribing connection, until ctx is done.
func (b *Bus) run(ctx context.Context) {
	pause := minPause
	for ctx.Err() == nil {
		if b.connection(ctx) {
			pause = minPause
		}
		wait := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
		pause = min(2*pause, maxPause)
	}
}

// connection makes one and keeps it subscribed to what is wanted until it is
// lost. It reports whether it ever was good. What lost it is not told: Ping
// gives the error of the moment.
func (b *Bus) connection(ctx context.Context) (good bool) {
	conn, _ := b.client.Dedicate() // Close releases it
	defer conn.Close()
	lost := conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: b.onMessage, OnSubscription: b.onSubscription})

	current := make(map[string]struct{})
	if b.subscribe(ctx, conn, current, append(b.wanted(), b.probes.channel)) != nil {
		return false
	}

	ctx, cancel := context.WithCancel(ctx)
	deaf := make(chan struct{})
	var listening sync.WaitGroup
	listening.Go(func() { b.listen(ctx, deaf) })
	defer listening.Wait()
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-lost:
			return true
		case <-deaf:
			return true
		case <-b.wake:
		}
		add, again, remove := b.changes(current)
		for _, channel := range again {
			b.inbox.put(news{kind: held, channel: channel})
		}
		if b.subscribe(ctx, conn, current, add) != nil || b.unsubscribe(ctx, conn, current, remove) != nil {
			return true
		}
	}
}

// subscribe returns when the server has all channels. The confirmations come
// through onSubscription, in order with the messages.
func (b *Bus) subscribe(ctx context.Context, conn rueidis.DedicatedClient, current map[string]struct{}, channels []string) error {
	for batch := range slices.Chunk(channels, maxChannels) {
		if err := b.do(ctx, conn, conn.B().Subscribe().Channel(batch...).Build()); err != nil {
			return err
		}
		for _, channel := range batch {
			current[channel] = struct{}{}
		}
	}
	return nil
}

func (b *Bus) unsubscribe(ctx context.Context, conn rueidis.DedicatedClient, current map[string]struct{}, channels []string) error {
	for batch := range slices.Chunk(channels, maxChannels) {
		if err := b.do(ctx, conn, conn.B().Unsubscribe().Channel(batch...).Build()); err != nil {
			return err
		}
		for _, channel := range batch {
			delete(current, channel)
		}
	}
	return nil
}

func (b *Bus) do(ctx context.Context, conn rueidis.DedicatedClient, c rueidis.Completed) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return conn.Do(ctx, c).Error()
}

// onMessage is called by the reader of the connection: everything waits for it.
func (b *Bus) onMessage(m rueidis.PubSubMessage) {
	if m.Channel == b.probes.channel {
		b.probes.arrived(m.Message)
		return
	}
	b.inbox.put(news{kind: message, channel: m.Channel, payload: m.Message})
}

func (b *Bus) onSubscription(s rueidis.PubSubSubscription) {
	if s.Kind == "subscribe" {
		b.inbox.put(news{kind: confirmed, channel: s.Channel})
	}
}
