package main

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/wstest"
)

// A traveller is a client that connects to another hub when its hub shuts down, and sends
// again what was not acknowledged.
type traveller struct {
	who    person
	hubs   []*process
	at     int // in hubs
	ledger *ledger
	sent   *progress
	stop   <-chan struct{} // closed when no more is posted
	rested func()          // called once when all posts are acknowledged
	total  <-chan int      // brings the number of messages at the end

	t      *testing.T
	seen   []string
	said   int
	closed map[string][]int // close codes by hub
}

// travel connects to one hub after the other until all messages are posted and received.
func (v *traveller) travel() error {
	want, deadline := -1, time.Now().Add(2*patience)
	for {
		hub := v.hubs[v.at]
		err := v.visit(hub, &want)
		var closed *wstest.Closed
		switch {
		case err == nil:
			return nil
		case errors.As(err, &closed):
			v.closed[hub.name] = append(v.closed[hub.name], closed.Code)
		case !errors.Is(err, errClosed):
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("still travelling: %w", err)
		}
		v.at = (v.at + 1) % len(v.hubs)
	}
}

var errClosed = errors.New("the hub has closed the connection")

func (v *traveller) visit(hub *process, want *int) error {
	c, _, err := wstest.Try(v.t, "ws://"+hub.addr+"/ws", nil)
	var silent net.Error
	switch {
	case errors.As(err, &silent) && silent.Timeout():
		return fmt.Errorf("connect to %s: %w", hub.name, err)
	case c == nil:
		return errClosed
	}
	defer c.Close()
	e, err := v.ask(c, "authenticate", map[string]any{"token": v.who.Token})
	if err != nil {
		return err
	}
	if e.Event != "auth_success" {
		return fmt.Errorf("authenticate: %s", e.Raw)
	}
	e, err = v.ask(c, "join_room", map[string]any{"studyId": v.ledger.study, "after": len(v.seen)})
	switch {
	case err != nil:
		return err
	case e.String("code") == "unavailable":
		return errClosed
	case e.Event != "ack" || e.Data["truncated"] != nil:
		return fmt.Errorf("join after %d: %s", len(v.seen), e.Raw)
	}
	for *want < 0 {
		select {
		case <-v.stop:
			v.rested()
			*want = <-v.total
			continue
		default:
		}
		id := fmt.Sprintf("c%d", v.said)
		e, err := v.ask(c, "send_message", map[string]any{"studyId": v.ledger.study, "content": id, "clientId": id})
		switch {
		case err != nil:
			return err
		case e.String("code") == "unavailable":
			continue
		case e.Event != "ack":
			return fmt.Errorf("send: %s", e.Raw)
		}
		if err := v.ledger.acked(string(v.who.UserID), id, e); err != nil {
			return err
		}
		v.said++
		v.sent.n.Add(1)
	}
	for len(v.seen) < *want {
		if _, err := v.read(c); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a request and returns its answer.
func (v *traveller) ask(c *wstest.Client, event string, data any) (wstest.Event, error) {
	id := event
	c.Send(event, &id, data)
	for {
		if e, err := v.read(c); err != nil || e.ID != nil {
			return e, err
		}
	}
}

// read reads the next event. Messages must come in order.
func (v *traveller) read(c *wstest.Client) (wstest.Event, error) {
	e, err := c.Next(wstest.Timeout)
	var closed *wstest.Closed
	if err != nil && !errors.As(err, &closed) {
		return e, fmt.Errorf("after %d messages: %w", len(v.seen), err)
	}
	if err == nil && e.Event == "new_message" {
		if e.Int("seq") != int64(len(v.seen)+1) {
			return e, fmt.Errorf("message %d is %s", len(v.seen)+1, e.Raw)
		}
		v.seen = append(v.seen, e.String("id"))
	}
	return e, err
}

func (s *split) rolling(t *testing.T) {
	hubs := []*process{s.startHub(t, "hub C").ready(t), s.startHub(t, "hub D").ready(t)}
	var people []person
	for i := range 6 {
		people = append(people, s.login(t, fmt.Sprintf("rolling %d", i)))
	}
	l := newLedger(s.study(t, people...))
	var sent progress
	var sending, all sync.WaitGroup
	stop, total := make(chan struct{}), make(chan int, len(people))
	var travellers []*traveller
	for i, p := range people {
		v := &traveller{who: p, hubs: hubs, at: i % 2, ledger: l, sent: &sent, stop: stop, total: total, t: t, closed: map[string][]int{}}
		travellers = append(travellers, v)
		sending.Add(1)
		v.rested = sync.OnceFunc(sending.Done)
		all.Go(func() {
			defer v.rested()
			if err := v.travel(); err != nil {
				t.Errorf("traveller %d after %d messages: %v", i, len(v.seen), err)
			}
		})
	}
	sent.reaches(t, 200)
	begin := time.Now()
	if code := hubs[0].end(syscall.SIGTERM); code != 0 {
		t.Errorf("SIGTERM: exit code %d, want 0", code)
	}
	drained := time.Since(begin)
	sent.reaches(t, 100)
	hubs[0].start(t)
	hubs[0].ready(t)
	sent.reaches(t, 100)
	hubs[1].end(syscall.SIGKILL)
	sent.reaches(t, 100)
	hubs[1].start(t)
	hubs[1].ready(t)
	sent.reaches(t, 100)
	close(stop)
	sending.Wait()
	for range people {
		total <- int(sent.n.Load())
	}
	all.Wait()
	t.Logf("%d messages; the drain took %v", sent.n.Load(), drained.Round(time.Millisecond))
	for i, v := range travellers {
		l.seen[string(v.who.UserID)] = v.seen
		for name, codes := range v.closed {
			for _, code := range codes {
				if want := map[string]int{"hub C": 1001, "hub D": 1006}[name]; code != want {
					t.Errorf("%s closed the connection of traveller %d with %d, want %d", name, i, code, want)
				}
			}
		}
	}
	l.audit(t, s)
}
