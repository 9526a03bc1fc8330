package room

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// A Post is what a member wants to say.
type Post struct {
	UserName string
	Content  string
	// ClientID makes the post repeatable, see store.Message. Empty is none.
	ClientID string
}

// A posting is a post on its way into the store.
type posting struct {
	msg  store.Message
	seat *Seat
	at   time.Time
	done func(store.Message, error)
}

// Post stores what a member says and tells the room. It returns at once; done is
// called when the message is durable, before it is delivered (unless the store's
// answer was lost or late and the room has found it in the store itself), or with an error
// that wraps ErrUnavailable or ErrInvalid. done must not block. If Post itself
// returns an error done is not called: ErrNotJoined, ErrEmpty, ErrTooLarge,
// ErrInvalid, ErrUnavailable (the queue is full, or the store is away), or a
// *RateError.
//
// The posts of one seat are stored in the order in which Post was called.
func (s *Seat) Post(p Post, done func(store.Message, error)) error {
	g := s.room.reg
	if s.Gone() {
		return ErrNotJoined
	}
	if p.ClientID != "" && !store.ValidClientID(p.ClientID) {
		return errClientID
	}
	m := store.Message{StudyID: s.room.study, UserID: s.user.id, UserName: p.UserName, Content: p.Content, ClientID: p.ClientID}
	if err := m.Clean(); err != nil {
		return err
	}
	if err := s.user.mayPost(g.now(), &g.opts); err != nil {
		return err
	}
	if m.ClientID == "" {
		m.ClientID = store.NewClientID()
	}
	s.recheck()
	return g.lane(m.StudyID).add(posting{m, s, g.now(), done})
}

var errClientID = errors.Join(store.ErrInvalid, errors.New("clientId must be 1 to 64 characters, none of them a control character"))

var laneSeed = maphash.MakeSeed()

// lane returns where the posts of a study queue. All of a study's go through one
// lane, so that they keep their order.
func (g *Registry) lane(study store.StudyID) *lane {
	return &g.lanes[maphash.String(laneSeed, string(study))%uint64(len(g.lanes))]
}

// A lane stores posts in batches: while one Append is under way the next batch
// collects. So a batch is as large as the store is slow.
//
// Once a batch could not be stored within its budget, the lane lets one batch at
// a time try its luck and refuses what comes meanwhile, until one is stored: who
// posts to a store that is away is told at once.
type lane struct {
	reg *Registry

	mu     sync.Mutex // guards what follows
	queue  []posting
	busy   bool
	away   bool            // the last batch could not be stored
	trying bool            // a batch is under way or about to be, and not answered yet
	idle   []chan struct{} // closed when the lane has nothing to do
}

func (l *lane) add(p posting) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch limit := l.reg.opts.MaxQueue; {
	case l.away && l.trying:
		return errAway
	case limit >= 0 && len(l.queue) >= limit:
		return errQueueFull
	case !l.busy:
		if !l.reg.background(l.run) {
			return unavailable(ErrClosed)
		}
		l.busy = true
	}
	l.trying = true
	l.queue = append(l.queue, p)
	return nil
}

var errAway = errors.Join(store.ErrUnavailable, errors.New("the store is away"))

var errQueueFull = errors.Join(store.ErrUnavailable, errors.New("too many posts wait to be stored"))

// run stores batches until the queue is empty.
func (l *lane) run() {
	for {
		l.mu.Lock()
		away := l.away
		n := batchSize(l.queue)
		batch := l.queue[:n:n]
		if l.queue = l.queue[n:]; len(l.queue) == 0 {
			l.queue = nil
		}
		l.trying = n > 0
		if n == 0 {
			l.busy = false
			for _, c := range l.idle {
				close(c)
			}
			l.idle = nil
		}
		l.mu.Unlock()
		if n == 0 {
			return
		}
		l.reg.commit(l, batch, away)
	}
}

// answers says that those whose batch ended in err are about to be answered: whoever
// has an answer may post again at once.
func (l *lane) answers(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away, l.trying = errors.Is(err, store.ErrUnavailable), false
}

// maxBatchBytes bounds the texts of one batch, so that it fits into one request of
// the internal API even if every byte of it has to be escaped.
const maxBatchBytes = 512 << 10

// batchSize returns how many postings of a queue make the next batch.
func batchSize(queue []posting) int {
	n, size := 0, 0
	for n < len(queue) && n < store.MaxBatch && size < maxBatchBytes {
		size += len(queue[n].msg.Content) + len(queue[n].msg.UserName)
		n++
	}
	return n
}

// wait returns when the lane has nothing to do.
func (l *lane) wait(ctx context.Context) error {
	l.mu.Lock()
	if !l.busy {
		l.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	l.idle = append(l.idle, c)
	l.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commit stores a batch of a lane, answers its senders, and then tells the rooms.
// away says that the batch before could not be stored.
func (g *Registry) commit(l *lane, batch []posting, away bool) error {
	msgs := make([]store.Message, len(batch))
	for i, p := range batch {
		msgs[i] = p.msg
	}
	stored, err := g.append(msgs, batch[0].at, away)
	if errors.Is(err, store.ErrInvalid) && len(batch) > 1 {
		// One of them is unacceptable to this store. The others are not to suffer.
		err = nil
		for i := range batch {
			err = errors.Join(err, g.commit(l, batch[i:i+1], away || errors.Is(err, store.ErrUnavailable)))
		}
		l.answers(err)
		return err
	}
	if err != nil {
		g.opts.Log.Warn("messages not stored", "messages", len(batch), "err", err)
		err = withoutInsides(err)
		l.answers(err)
		for _, p := range batch {
			p.done(store.Message{}, err)
		}
		return err
	}
	l.answers(nil)
	// All acknowledgements first: the sender must not wait for deliveries.
	for i, p := range batch {
		stored[i] = stored[i].Public()
		p.done(stored[i], nil)
	}
	g.deliver(batch, stored)
	g.wire.publish(stored)
	g.stats.posted.Add(int64(len(batch)))
	return nil
}

// withoutInsides returns what a client may know of a store that refused a message:
// the rest may name tables, queries and the like.
func withoutInsides(err error) error {
	for _, kind := range []error{store.ErrEmpty, store.ErrTooLarge, store.ErrInvalid} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return err
}

// deliver hands the messages of a batch to their rooms, those of a room at once.
func (g *Registry) deliver(batch []posting, stored []store.Message) {
	var order []store.StudyID
	rooms := map[store.StudyID][]work{}
	for i, m := range stored {
		ws := rooms[m.StudyID]
		if ws == nil {
			order = append(order, m.StudyID)
		}
		rooms[m.StudyID] = append(ws, work{said: &Event{Kind: NewMessage, Message: m, From: batch[i].seat.conn}})
	}
	for _, study := range order {
		if r := g.lookup(study); r != nil {
			r.put(rooms[study]...)
		}
	}
}

// minTry is the least time that a try to store gets, budget or not: posts may have
// waited for long in the queue of a slow store.
const minTry = 500 * time.Millisecond

// try bounds one try to store.
func (g *Registry) try(end time.Time) (context.Context, context.CancelFunc) {
	if g.opts.PostBudget < 0 {
		return g.deadline(g.life)
	}
	left := max(minTry, end.Sub(g.now()))
	if t := g.opts.StoreTimeout; t > 0 {
		left = min(left, t)
	}
	return context.WithTimeout(g.life, left)
}

// append stores msgs, trying again until the budget is spent that began when the
// first of them was posted: with client ids a repeat is harmless.
// What waited behind a batch that could not be stored, and has no budget left, is
// not tried.
func (g *Registry) append(msgs []store.Message, begin time.Time, away bool) ([]store.Message, error) {
	end := begin.Add(max(0, g.opts.PostBudget))
	if away && g.opts.PostBudget >= 0 && g.now().After(end) {
		return nil, errAway
	}
	for failures := 1; ; failures++ {
		ctx, cancel := g.try(end)
		stored, err := g.store.Append(ctx, msgs)
		cancel()
		if err == nil && len(stored) != len(msgs) {
			err = errors.New("the store answered with another number of messages")
		}
		if err == nil || errors.Is(err, store.ErrInvalid) {
			return stored, err
		}
		wait := backoff(failures)
		if g.now().Add(wait).After(end) || !g.sleep(wait) {
			return nil, unavailable(err)
		}
		g.stats.retries.Add(1)
	}
}
