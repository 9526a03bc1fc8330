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

// A ClientConfig says who a client is and how it behaves.
type ClientConfig struct {
	User    string
	Token   string
	Studies []string
	// Hubs are the addresses that it connects to, a random one each time.
	Hubs []string
	// Every is the gap between the messages it says, in a random study of its own.
	// 0 says nothing.
	Every time.Duration
	// Size is the length of its messages. Defaults to as short as they can be.
	Size int
	// MaxPause bounds the pause before it reconnects. Defaults to 3s; the page
	// takes 30s.
	MaxPause time.Duration
	// Buffer is the size of the socket's receive buffer. 0 is the system's.
	Buffer int
	// History reads what a truncated join does not bring.
	History func(ctx context.Context, study string, after int64) ([]Record, error)
	// Clock is the one of all clients.
	Clock func() time.Duration
	Seed  uint64
}

const (
	// window is how many sends wait for their ack.
	window = 8
	// answerIn is how long an answer may take before the connection is given up.
	// The hub's own budget is 5 s.
	answerIn = 8 * time.Second
	// dialIn bounds connecting and authenticating.
	dialIn = 3 * time.Second
)

// A Client is somebody who talks, reconnects, resumes and sends again, as the
// page does. Its methods may be called from any goroutine.
type Client struct {
	Log    *Log
	config ClientConfig
	stop   context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex // guards what follows
	rng    *rand.Rand
	conn   int
	wire   *wire
	live   bool // authenticated
	talks  bool
	said   int
	rooms  map[string]*seat
	unsaid []*post // sent or to be sent, and not acknowledged
	frozen chan struct{}
	asked  time.Time // when authenticate was sent
}

// A seat is what a client knows of one study.
type seat struct {
	last   int64 // everything up to here is there; Fresh before the first join
	joined bool
	asked  time.Time // when the join was sent; zero if none is under way
	retry  time.Time // not before
	left   bool
}

// A post is something said that is not acknowledged yet.
type post struct {
	study, clientID, text string
	sent                  time.Time // zero if it has to be sent (again)
	retry                 time.Time // not before
}

// StartClient connects and stays until Stop.
func StartClient(c ClientConfig) *Client {
	if c.MaxPause == 0 {
		c.MaxPause = 3 * time.Second
	}
	ctx, stop := context.WithCancel(context.Background())
	cl := &Client{
		Log:    &Log{User: c.User, Studies: c.Studies, clock: c.Clock},
		config: c, stop: stop, done: make(chan struct{}), talks: c.Every > 0,
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

// Hush says nothing new from now on; what is not acknowledged is still repeated.
func (c *Client) Hush() { c.locked(func() { c.talks = false }) }

// Talk says new things again.
func (c *Client) Talk() { c.locked(func() { c.talks = true }) }

// Say says one thing now, or as soon as there is a connection.
func (c *Client) Say(study string) { c.locked(func() { c.compose(study) }) }

// Freeze has the client read nothing, or read again.
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

// Cut ends the connection without a word. It reports whether there was one, and
// it was authenticated.
func (c *Client) Cut() (live bool) {
	c.locked(func() {
		if c.wire != nil {
			c.wire.conn.Close()
		}
		live = c.live
	})
	return live
}

// In returns nil while the client has joined everywhere, else what is missing.
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

// Settled returns what the client still waits for: nil once all it said is
// acknowledged, it has joined everywhere and has all messages up to heads.
func (c *Client) Settled(heads map[string]int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.unsaid); n > 0 {
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

// compose adds something to say. The caller holds mu.
func (c *Client) compose(study string) {
	c.said++
	id := fmt.Sprintf("%s-%d", c.config.User, c.said)
	text := id
	for len(text) < c.config.Size {
		text += " and so on"
	}
	c.unsaid = append(c.unsaid, &post{study: study, clientID: id, text: text})
}

// run visits hubs until ctx is done, with the page's full jitter between.
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

// visit stays on one hub as long as it can. It reports whether it was let in.
func (c *Client) visit(ctx context.Context) (in bool) {
	c.mu.Lock()
	addr := c.config.Hubs[c.rng.IntN(len(c.config.Hubs))]
	c.mu.Unlock()
	w, err := dialWire(addr, dialIn, c.config.Buffer)
	if err != nil {
		return false
	}
	defer w.conn.Close()
	c.mu.Lock()
	c.conn++
	c.wire, c.live, c.asked = w, false, time.Now()
	for _, s := range c.rooms {
		s.joined, s.asked, s.retry = false, time.Time{}, time.Time{}
	}
	for _, p := range c.unsaid {
		p.sent, p.retry = time.Time{}, time.Time{}
	}
	c.mu.Unlock()
	if ctx.Err() != nil || w.send("authenticate", "auth", map[string]any{"token": c.config.Token}) != nil {
		return false
	}
	var speaking sync.WaitGroup
	over := make(chan struct{})
	speaking.Go(func() { c.speak(w, over) })
	err = c.listen(ctx, w)
	close(over)
	w.conn.Close()
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
