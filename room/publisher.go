package room

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// maxUnpublished bounds the news that wait for the bus, in bytes. Beyond it they
// are dropped: the other hubs find the messages by their heads.
const maxUnpublished = 32 << 20

// publisher speaks to the other hubs. Posts do not wait for it, and everything
// that has come up since the last call leaves in one.
type publisher struct {
	reg    *Registry
	header []byte
	wake   chan struct{}

	mu      sync.Mutex // guards waiting, busy
	waiting []bus.Message
	size    int // bytes in waiting
	busy    bool
}

// publish tells the other hubs of stored messages.
func (p *publisher) publish(msgs []store.Message) {
	if p.reg.opts.Alone {
		return
	}
	var order []store.StudyID
	said := map[store.StudyID][]store.Message{}
	for _, m := range msgs {
		if said[m.StudyID] == nil {
			order = append(order, m.StudyID)
		}
		said[m.StudyID] = append(said[m.StudyID], m)
	}
	news := make([]bus.Message, 0, len(order))
	for _, study := range order {
		body, err := json.Marshal(said[study])
		if err != nil {
			p.reg.opts.Log.Error("news not written", "study", study, "err", err)
			continue
		}
		news = append(news, bus.Message{Channel: p.reg.channel(study), Payload: append(bytes.Clone(p.header), body...)})
	}
	p.mu.Lock()
	for _, n := range news {
		if p.size+len(n.Payload) > maxUnpublished {
			p.reg.stats.unpublished.Add(1)
			continue
		}
		p.size += len(n.Payload)
		p.waiting = append(p.waiting, n)
	}
	p.mu.Unlock()
	p.signal()
}

func (p *publisher) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run publishes until the registry ends.
func (p *publisher) run() {
	for {
		select {
		case <-p.reg.life.Done():
			return
		case <-p.wake:
		}
		p.mu.Lock()
		news := p.waiting
		p.waiting, p.size = nil, 0
		p.busy = true
		p.mu.Unlock()
		if len(news) > 0 {
			ctx, cancel := p.reg.deadline(p.reg.life)
			if err := p.reg.opts.Bus.Publish(ctx, news...); err != nil && !errors.Is(err, context.Canceled) {
				p.reg.stats.unpublished.Add(int64(len(news)))
				p.reg.opts.Log.Warn("news not published; other hubs will read the store", "messages", len(news), "err", err)
			}
			cancel()
		}
		p.mu.Lock()
		p.busy = false
		p.mu.Unlock()
	}
}

// drain waits until all is published.
func (p *publisher) drain(ctx context.Context) error {
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	for {
		p.mu.Lock()
		done := len(p.waiting) == 0 && !p.busy
		p.mu.Unlock()
		if done {
			return nil
		}
		p.signal()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
