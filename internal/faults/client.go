package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/wstest"
)

// A ClientConfig says which user a client is and how it behaves.
type ClientConfig struct {
	User    string
	Token   string
	Studies []string
	// Hubs are addresses. The client connects to a random one each time.
	Hubs []string
	// Every is the gap between the messages that it posts, each in a random study of
	// Studies. 0 posts nothing.
	Every time.Duration
	// MessagesOnly leaves out edits, deletions and reactions.
	MessagesOnly bool
	// Size is the least length of its messages. 0 is as short as possible.
	Size int
	// MaxPause bounds the pause before it reconnects. Defaults to 3s. The page has 30s.
	MaxPause time.Duration
	// Buffer is the size of the socket's receive buffer. 0 leaves it to the system.
	Buffer int
	// Protocol is how the client speaks to the hub.
	Protocol Protocol
	// History reads messages after a truncated join or a reset.
	History func(ctx context.Context, study string, after int64) ([]Record, error)
	// Clock is the clock that all clients share.
	Clock func() time.Duration
	Seed  uint64
}

const (
	// window is how many sends may wait for their ack.
	window = 8
	// answerIn is how long an answer may take. After that the client ends the connection.
	// A hub answers within 5 s.
	answerIn = 8 * time.Second
	// dialIn is how long it may take to connect and authenticate.
	dialIn = 3 * time.Second
)

// A Client behaves like the page: it posts, reconnects, joins with after, and sends again
// what was not acknowledged. Its methods may be called from any goroutine.
type Client struct {
	Log    *Log
	config ClientConfig
	stop   context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex // guards what follows
	rng     *rand.Rand
	conn    int
	wire    wire
	live    bool // authenticated
	posts   bool
	posted  int
	rooms   map[string]*seat
	unacked []*post // sent or to be sent, and not acknowledged
	frozen  chan struct{}
	asked   time.Time // when authenticate was sent

	past past // belongs to the goroutine that receives
}

// A seat is what a client knows about one study.
type seat struct {
	last   int64  // it has everything up to here; Fresh before the first join
	sentAt string // of the message at last; "" if it is not known
	joined bool
	asked  time.Time // when the join was sent; zero if none is under way
	retry  time.Time // not before
	left   bool
	own    []int64 // some of its newest messages
	others []int64 // some of the newest messages of others
}

// A post is a message, or a change of one, that is not acknowledged yet.
type post struct {
	study, clientID, text string
	change                Change
	sent                  time.Time // zero if it has to be sent (again)
	retry                 time.Time // not before
}

// StartClient starts a client, which stays connected until Stop.
func StartClient(c ClientConfig) *Client {
	if c.MaxPause == 0 {
		c.MaxPause = 3 * time.Second
	}
	ctx, stop := context.WithCancel(context.Background())
	cl := &Client{
		Log:    &Log{User: c.User, Studies: c.Studies, clock: c.Clock},
		config: c, stop: stop, done: make(chan struct{}), posts: c.Every > 0,
		rng: rand.New(rand.NewPCG(c.Seed, 1)), rooms: map[string]*seat{},
	}
	for _, s := range c.Studies {
		cl.rooms[s] = &seat{last: Fresh}
	}
	go func() {
		defer close(cl.done)
		cl.run(ctx)
	}()
	return cl
}

// Stop ends the client and waits for it.
func (c *Client) Stop() {
	c.stop()
	c.Cut()
	c.Freeze(false)
	<-c.done
}

// StopPosting ends the posting of new messages. Those without an ack are still repeated.
func (c *Client) StopPosting() { c.locked(func() { c.posts = false }) }

// ResumePosting makes it post new messages again.
func (c *Client) ResumePosting() { c.locked(func() { c.posts = true }) }

// Post posts one message now, or as soon as there is a connection.
func (c *Client) Post(study string) { c.locked(func() { c.compose(study, Change{}) }) }

// Freeze makes the client stop reading, or read again.
func (c *Client) Freeze(freeze bool) {
	c.locked(func() {
		switch {
		case freeze && c.frozen == nil:
			c.frozen = make(chan struct{})
		case !freeze && c.frozen != nil:
			close(c.frozen)
			c.frozen = nil
		}
	})
}

// Cut ends the connection without a close frame. It reports whether there was one that was
// authenticated.
func (c *Client) Cut() (live bool) {
	c.locked(func() {
		if c.wire != nil {
			c.wire.close()
		}
		live = c.live
	})
	return live
}

// In returns nil if the client has joined all its studies, and otherwise what is missing.
func (c *Client) In() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for study, s := range c.rooms {
		if !s.left && (!c.live || !s.joined) {
			return fmt.Errorf("%s has not joined %s", c.config.User, study)
		}
	}
	return nil
}

// Settled returns nil if all posts of the client are acknowledged, it has joined all its
// studies and it has all messages up to heads. Otherwise it returns what is missing.
func (c *Client) Settled(heads map[string]int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.unacked); n > 0 {
		return fmt.Errorf("%s waits for %d acks", c.config.User, n)
	}
	for study, s := range c.rooms {
		switch {
		case s.left:
		case !c.live || !s.joined:
			return fmt.Errorf("%s has not joined %s", c.config.User, study)
		case s.last < heads[study]:
			return fmt.Errorf("%s has %s up to %d, the head is %d", c.config.User, study, s.last, heads[study])
		}
	}
	return nil
}

func (c *Client) locked(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// compose adds a new post. The caller holds mu.
func (c *Client) compose(study string, change Change) {
	c.posted++
	id := fmt.Sprintf("%s-%d", c.config.User, c.posted)
	p := &post{study: study, clientID: id, change: change}
	if change.Kind == Message || change.Kind == Edit {
		for p.text = id; len(p.text) < c.config.Size; {
			p.text += " and so on"
		}
	}
	c.unacked = append(c.unacked, p)
}

// run connects to one hub after the other until ctx is done, with the jitter of the page in
// between.
func (c *Client) run(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		if c.visit(ctx) {
			attempt = 0
		}
		c.mu.Lock()
		pause := 100*time.Millisecond + time.Duration(c.rng.Float64()*float64(400*time.Millisecond))
		if attempt > 0 {
			longest := min(c.config.MaxPause, time.Second<<min(attempt, 10))
			pause = 500*time.Millisecond + time.Duration(c.rng.Float64()*float64(longest-500*time.Millisecond))
		}
		c.mu.Unlock()
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// visit stays connected to one hub as long as it can. It reports whether it was
// authenticated.
func (c *Client) visit(ctx context.Context) (in bool) {
	c.mu.Lock()
	addr := c.config.Hubs[c.rng.IntN(len(c.config.Hubs))]
	c.mu.Unlock()
	w, err := c.dial(ctx, addr)
	if err != nil {
		return false
	}
	defer w.close()
	c.mu.Lock()
	c.conn++
	c.wire, c.live, c.asked = w, false, time.Now()
	for _, s := range c.rooms {
		s.joined, s.asked, s.retry = false, time.Time{}, time.Time{}
	}
	for _, p := range c.unacked {
		p.sent, p.retry = time.Time{}, time.Time{}
	}
	c.mu.Unlock()
	if ctx.Err() != nil || c.config.Protocol == Native && w.send("authenticate", "auth", map[string]any{"token": c.config.Token}) != nil {
		return false
	}
	var speaking sync.WaitGroup
	over := make(chan struct{})
	speaking.Go(func() { c.sendRequests(w, over) })
	err = c.receive(ctx, w)
	close(over)
	w.close()
	speaking.Wait()
	c.mu.Lock()
	in, c.live, c.wire = c.live, false, nil
	end := Record{Kind: Closed, Conn: c.conn, Text: fmt.Sprint(err)}
	if errors.Is(err, wstest.ErrFrame) {
		end.Kind = Broken
	}
	c.Log.add(end)
	c.mu.Unlock()
	return in
}
