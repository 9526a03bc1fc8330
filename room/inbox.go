package room

import (
	"sync"

	"github.com/coupchat/coup/internal/work"
)

// maxInbox bounds how many messages of other hubs wait in an inbox.
const maxInbox = 4096

// maxSpare bounds the memory of an inbox that is kept for reuse, in items.
const maxSpare = 256

// An item is a message to deliver, or a function to call.
type item struct {
	message *Event
	do      func()
}

// An inbox runs items one at a time, in the order in which they were put in. No
// goroutine waits for items: a goroutine that puts items in also runs them, unless
// another is running already. So what only items touch needs no lock, and an idle
// room has no goroutine.
type inbox struct {
	// run runs a batch of items and returns how many of them it has run: all, or at
	// least one if an item panicked.
	run  func(batch []item) (done int)
	work *work.Group

	mu      sync.Mutex // guards what follows
	items   []item
	spare   []item // the memory of the batch before
	running bool
}

// do runs fn in order.
func (in *inbox) do(fn func()) { in.put(item{do: fn}) }

// later is do for a caller that must not run the items of others, such as a goroutine
// of the bus.
func (in *inbox) later(fn func()) { in.putLater(item{do: fn}) }

// call is do that waits until fn has run. An item must not use it.
func (in *inbox) call(fn func()) {
	done := make(chan struct{})
	in.do(func() {
		defer close(done)
		fn()
	})
	<-done
}

// put enqueues items and runs one batch, unless another goroutine is already running.
// It runs no more than one, because others may enqueue faster than it runs.
func (in *inbox) put(items ...item) {
	if in.enqueue(items) && in.runBatch() {
		in.handOver()
	}
}

// putLater enqueues items and lets another goroutine run them.
func (in *inbox) putLater(items ...item) {
	if in.enqueue(items) {
		in.handOver()
	}
}

// full reports whether maxInbox items wait.
func (in *inbox) full() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.items) >= maxInbox
}

// enqueue reports true if no goroutine is running: the caller must then run the items.
func (in *inbox) enqueue(items []item) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.items = append(in.items, items...)
	idle := !in.running
	in.running = true
	return idle
}

// handOver runs all items on a goroutine of the work group.
func (in *inbox) handOver() {
	if !in.work.Go(in.runAll) {
		in.runAll()
	}
}

func (in *inbox) runAll() {
	for in.runBatch() {
	}
}

// runBatch runs the items that are in the inbox now. It reports true if there are
// more by then: the caller must then run those.
func (in *inbox) runBatch() (more bool) {
	in.mu.Lock()
	batch := in.items
	in.items, in.spare = in.spare[:0], nil
	in.mu.Unlock()
	for rest := batch; len(rest) > 0; {
		rest = rest[in.run(rest):]
	}
	clear(batch)
	in.mu.Lock()
	defer in.mu.Unlock()
	if cap(batch) <= maxSpare {
		in.spare = batch
	}
	in.running = len(in.items) > 0
	return in.running
}
