// Package relay tells other hubs which messages were stored.
package relay

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// Options say what a Relay works with. All fields but Alone are required.
type Options struct {
	Bus bus.Bus
	// Node names this hub. A relay ignores what its own node has published.
	Node store.NodeID
	// Prefix starts the names of the channels.
	Prefix string
	// Secrets, if any, sign what is published: the first signs, all verify.
	Secrets [][]byte
	// Alone says that no other hub is on the bus: nothing is published then, and nothing heard.
	Alone bool
	// Work ends Run and Watch. Its timeout is the deadline of one call of the bus.
	Work *work.Group
	Log  *slog.Logger
}

// A Relay publishes stored messages and receives those of other hubs. Its methods may
// be called at the same time from any goroutine.
type Relay struct {
	opts Options
	keys keys

	wake                   chan struct{}
	unpublished, malformed atomic.Int64
	busErr                 atomic.Pointer[error] // nil: the bus is reachable
	start                  int64                 // when the relay was made, in Unix milliseconds

	liveMu    sync.Mutex // guards published
	published int64      // how many Lives

	mu      sync.Mutex // guards what follows
	waiting []bus.Message
	size    int             // bytes of the payloads in waiting
	busy    bool            // a Publish is under way
	idle    []chan struct{} // closed when nothing waits and nothing is under way
}

// New returns a Relay. Call Run and Watch to make it work.
func New(opts Options) *Relay {
	return &Relay{opts: opts, keys: keys(opts.Secrets), wake: make(chan struct{}, 1), start: time.Now().UnixMilli()}
}

// A Listener gets what other hubs publish about a study, on a goroutine of the bus.
type Listener struct {
	// Messages gets messages that were stored.
	Messages func([]store.Message)
	// Hint gets the newest seq of messages that may have been stored: with Options.Secrets,
	// those of a hub that signs nothing, as one of the version before.
	Hint func(seq int64)
	// Gap is called when some may be missing.
	Gap func()
}

// Subscribe makes l listen to a study from now on, unless the hub is alone. It has the errors and the
// rules of bus.Bus.Subscribe.
func (r *Relay) Subscribe(study store.StudyID, l Listener) (bus.Subscription, error) {
	if r.opts.Alone {
		return nothing{}, nil
	}
	channel := r.channel(study)
	return r.opts.Bus.Subscribe(channel, bus.Handler{
		Message: func(b []byte) {
			p, err := r.keys.open(b, channel)
			if err == nil && p.node == r.opts.Node {
				return
			}
			var msgs []store.Message
			if err == nil {
				msgs, err = p.messages(study)
			}
			switch {
			case err != nil:
				r.malformed.Add(1)
				r.opts.Log.Warn("payload of another hub ignored", "study", study, "err", err)
			case p.proven:
				l.Messages(msgs)
			case len(msgs) > 0:
				l.Hint(slices.MaxFunc(msgs, func(a, b store.Message) int { return cmp.Compare(a.Seq, b.Seq) }).Seq)
			}
		},
		Gap: l.Gap,
	})
}

// Publish queues messages for the other hubs. It does not wait for the bus.
func (r *Relay) Publish(msgs []store.Message) {
	if r.opts.Alone {
		return
	}
	var order []store.StudyID
	byStudy := map[store.StudyID][]store.Message{}
	for _, m := range msgs {
		if byStudy[m.StudyID] == nil {
			order = append(order, m.StudyID)
		}
		byStudy[m.StudyID] = append(byStudy[m.StudyID], m)
	}
	out := make([]bus.Message, 0, len(order))
	for _, study := range order {
		body, err := json.Marshal(byStudy[study])
		if err != nil {
			r.opts.Log.Error("messages not encoded for other hubs", "study", study, "err", err)
			continue
		}
		channel := r.channel(study)
		out = append(out, bus.Message{Channel: channel, Payload: r.keys.seal(r.opts.Node, channel, body)})
	}
	r.enqueue(out)
}

// Unpublished returns how many payloads were not published: the queue was full, or
// the bus returned an error.
func (r *Relay) Unpublished() int64 { return r.unpublished.Load() }

// Malformed returns how many payloads of other hubs could not be read.
func (r *Relay) Malformed() int64 { return r.malformed.Load() }

// channel returns the channel of a study. The prefix keeps it apart from the public
// channels. A study id has no character that could change the meaning of the name.
func (r *Relay) channel(study store.StudyID) string {
	return r.opts.Prefix + "room:" + string(study)
}
