// Package relay tells other hubs which messages were stored.
package relay

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"

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
	// Alone says that no other hub is on the bus: Publish then does nothing.
	Alone bool
	// Work ends Run and Watch. Its timeout is the deadline of one call of the bus.
	Work *work.Group
	Log  *slog.Logger
}

// A Relay publishes stored messages and receives those of other hubs. Its methods may
// be called at the same time from any goroutine.
type Relay struct {
	opts   Options
	header []byte // starts every payload of this node

	wake                   chan struct{}
	unpublished, malformed atomic.Int64
	busErr                 atomic.Pointer[error] // nil: the bus is reachable

	mu      sync.Mutex // guards what follows
	waiting []bus.Message
	size    int             // bytes of the payloads in waiting
	busy    bool            // a Publish is under way
	idle    []chan struct{} // closed when nothing waits and nothing is under way
}

// New returns a Relay. Call Run and Watch to make it work.
func New(opts Options) *Relay {
	return &Relay{opts: opts, header: header(opts.Node), wake: make(chan struct{}, 1)}
}

// Subscribe calls messages with those that other hubs store in a study from now on, on
// a goroutine of the bus. It calls gap when some may be missing. It has the errors
// and the rules of bus.Bus.Subscribe.
func (r *Relay) Subscribe(study store.StudyID, messages func([]store.Message), gap func()) (bus.Subscription, error) {
	return r.opts.Bus.Subscribe(r.channel(study), bus.Handler{
		Message: func(payload []byte) {
			if bytes.HasPrefix(payload, r.header) {
				return
			}
			msgs, err := parse(payload, study)
			if err != nil {
				r.malformed.Add(1)
				r.opts.Log.Warn("payload of another hub ignored", "study", study, "err", err)
				return
			}
			messages(msgs)
		},
		Gap: gap,
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
		out = append(out, bus.Message{Channel: r.channel(study), Payload: append(bytes.Clone(r.header), body...)})
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
