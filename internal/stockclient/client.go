package stockclient

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// An Event is something that a client sees: an event of the server, or one of the client's own,
// whose name begins with "@".
type Event struct {
	Name string            `json:"event"`
	Args []json.RawMessage `json:"args"`
	// What follows belongs to the client's own events.

	Recovered bool            `json:"recovered"` // of @connect
	Transport string          `json:"transport"` // of @connect and @upgrade
	Reason    string          `json:"reason"`    // of @disconnect
	Message   string          `json:"message"`   // of @connect_error
	Data      json.RawMessage `json:"data"`      // likewise
	Active    bool            `json:"active"`    // of @disconnect and @connect_error: it will try again
	Call      int             `json:"call"`      // of @answer
	Failed    string          `json:"failed"`    // likewise: there was none
}

// Fields returns the first argument, which must be an object.
func (e Event) Fields() (fields map[string]any) {
	if len(e.Args) > 0 {
		_ = json.Unmarshal(e.Args[0], &fields) // the caller looks at the fields
	}
	return fields
}

// A Client is one client. One goroutine at a time may use it.
type Client struct {
	t      testing.TB
	node   *Node
	id     int
	calls  int
	events chan Event
	// Seen has the seqs of all new_message events, in order.
	Seen []int64
}

// Options are those of io().
type Options map[string]any

// Open connects a client.
func (n *Node) Open(t testing.TB, url string, options Options) *Client {
	t.Helper()
	n.mu.Lock()
	c := &Client{t: t, node: n, id: len(n.clients) + 1, events: make(chan Event, 10_000)}
	n.clients[c.id] = c
	n.mu.Unlock()
	n.command(map[string]any{"do": "open", "id": c.id, "url": url, "options": options})
	t.Cleanup(func() { c.Do("disconnect") })
	return c
}

// Do gives the client a command without fields: cut, connect or disconnect.
func (c *Client) Do(what string) { c.node.command(map[string]any{"do": what, "id": c.id}) }

// Auth changes what the next CONNECT carries.
func (c *Client) Auth(auth map[string]any) {
	c.node.command(map[string]any{"do": "auth", "id": c.id, "auth": auth})
}

// Emit sends an event without a callback.
func (c *Client) Emit(event string, data any) {
	c.node.command(map[string]any{"do": "emit", "id": c.id, "event": event, "args": []any{data}})
}

// Ask sends an event with a callback. Answer waits for it.
func (c *Client) Ask(event string, data any) (call int) {
	c.calls++
	c.node.command(map[string]any{"do": "emit", "id": c.id, "event": event, "args": []any{data}, "call": c.calls})
	return c.calls
}

// Call sends an event and returns what its callback got.
func (c *Client) Call(event string, data any) map[string]any {
	c.t.Helper()
	return c.Answer(c.Ask(event, data))
}

// Answer waits for the callback of a call. Other events before it are dropped.
func (c *Client) Answer(call int) map[string]any {
	c.t.Helper()
	e := c.until(fmt.Sprint("the answer ", call), func(e Event) bool { return e.Name == "@answer" && e.Call == call })
	if e.Failed != "" {
		return map[string]any{"failed": e.Failed}
	}
	return e.Fields()
}

// MustCall is Call for a request that must succeed.
func (c *Client) MustCall(event string, data any) map[string]any {
	c.t.Helper()
	got := c.Call(event, data)
	if got["ok"] != true {
		c.t.Fatalf("%s: %v", event, got)
	}
	return got
}

// Until waits for an event with a name. Other events before it are dropped.
func (c *Client) Until(name string) Event {
	c.t.Helper()
	return c.until(name, func(e Event) bool { return e.Name == name })
}

// until waits for an event.
func (c *Client) until(what string, is func(Event) bool) Event {
	c.t.Helper()
	deadline := time.After(timeout)
	var last []string
	for {
		select {
		case e := <-c.events:
			c.note(e)
			if is(e) {
				return e
			}
			last = append(last, fmt.Sprintf("%s%s %s%s", e.Name, e.Args, e.Reason, e.Message))
		case <-deadline:
			c.t.Fatalf("waiting for %s, got %q", what, last[max(0, len(last)-10):])
		}
	}
}

// note keeps the seq of a message.
func (c *Client) note(e Event) {
	if e.Name != "new_message" {
		return
	}
	seq, _ := e.Fields()["seq"].(float64)
	c.Seen = append(c.Seen, int64(seq))
}

// Upto waits until the client has seen the message with seq. It must have seen all from first on,
// in order and once.
func (c *Client) Upto(first, seq int64) {
	c.t.Helper()
	for len(c.Seen) == 0 || c.Seen[len(c.Seen)-1] < seq {
		c.Until("new_message")
	}
	for i, got := range c.Seen {
		if want := first + int64(i); got != want {
			c.t.Fatalf("message %d has seq %d, want %d: %v", i, got, want, c.Seen)
		}
	}
}
