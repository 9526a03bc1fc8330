package redis

import "sync"

// What the subscribing connection has for the handlers.
const (
	message   = iota
	confirmed // the server holds the channel from here on
	held      // it did already when somebody new came
	lost      // the inbox was full: anything may be missing
)

type news struct {
	kind    int
	from    *node
	channel string
	payload string
}

// newsCost is what one waiting takes beside its strings, in bytes.
const newsCost = 64

// An inbox lets the reader of the connection go on whatever the handlers do.
// When it is full it drops what comes and keeps one mark of it. What was taken
// no longer counts.
type inbox struct {
	max int

	mu     sync.Mutex // guards what follows
	queue  []news
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
func (i *inbox) put(n news) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return
	}
	if size := i.size + len(n.channel) + len(n.payload) + newsCost; size <= i.max {
		i.size = size
	} else {
		// A lost confirmation is covered as well: the mark is a gap for all.
		n = news{kind: lost}
		if last := len(i.queue) - 1; last >= 0 && i.queue[last].kind == lost {
			return
		}
	}
	i.queue = append(i.queue, n)
	i.filled.Signal()
}

// take waits for news and returns all there is, or false after close.
func (i *inbox) take() ([]news, bool) {
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

func (b *Bus) deliver(n news) {
	var payload []byte
	if n.kind == message {
		payload = []byte(n.payload)
	}
	for _, s := range b.subscribers(n) {
		switch {
		case s.closed.Load():
		case n.kind == message:
			s.handler.Message(payload)
		case n.kind != held || !s.told:
			s.told = true
			if s.handler.Gap != nil {
				s.handler.Gap()
			}
		}
	}
}
