package redis

import "sync"

// The kinds of what a subscribing connection receives.
const (
	message   = iota
	confirmed // the server is subscribed to the channel from now on
	held      // the server was subscribed already when a new subscription came
	lost      // the inbox was full: any message may be missing
)

type received struct {
	kind    int
	from    *node
	channel string
	payload string
}

// itemCost is the memory that one item takes besides its strings, in bytes.
const itemCost = 64

// An inbox decouples the goroutine that reads a connection from the handlers. When it is
// full it drops items and keeps one mark for all of them. Items that were taken do not count
// any more.
type inbox struct {
	max int

	mu     sync.Mutex // guards what follows
	queue  []received
	size   int // bytes in queue
	closed bool
	filled *sync.Cond // of mu: queue or closed changed
}

func newInbox(max int) *inbox {
	i := &inbox{max: max}
	i.filled = sync.NewCond(&i.mu)
	return i
}

// put never blocks.
func (i *inbox) put(n received) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return
	}
	if size := i.size + len(n.channel) + len(n.payload) + itemCost; size <= i.max {
		i.size = size
	} else {
		// The mark is a gap for all subscriptions, also for one whose confirmation is lost.
		n = received{kind: lost}
		if last := len(i.queue) - 1; last >= 0 && i.queue[last].kind == lost {
			return
		}
	}
	i.queue = append(i.queue, n)
	i.filled.Signal()
}

// take waits for items and returns all of them, or false after close.
func (i *inbox) take() ([]received, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.queue) == 0 && !i.closed {
		i.filled.Wait()
	}
	queue := i.queue
	i.queue, i.size = nil, 0
	return queue, !i.closed
}

func (i *inbox) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.filled.Broadcast()
}

// dispatch calls the handlers, until the inbox closes.
func (b *Bus) dispatch() {
	for {
		queue, ok := b.inbox.take()
		if !ok {
			return
		}
		for _, n := range queue {
			b.deliver(n)
		}
	}
}

func (b *Bus) deliver(n received) {
	payload := []byte(n.payload) // empty unless n is a message
	for _, s := range b.subscribers(n) {
		switch {
		case s.closed.Load():
		case n.kind == message:
			s.handler.Message(payload)
		case n.kind != held || !s.active:
			s.active = true
			if s.handler.Gap != nil {
				s.handler.Gap()
			}
		}
	}
}
