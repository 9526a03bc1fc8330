// Package wstest is a WebSocket client for tests. It sends any frames, also invalid ones, and
// returns exactly what it receives.
package wstest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// Timeout is how long a client waits for what a test expects.
const Timeout = 30 * time.Second

// An Event is one event of the server.
type Event struct {
	Event string
	ID    *string
	Data  map[string]any
	Raw   string
}

// String returns a field of the data, "" if it is not a string.
func (e Event) String(key string) string { v, _ := e.Data[key].(string); return v }

// Int returns a field of the data, -1 if it is not a number.
func (e Event) Int(key string) int64 {
	if v, ok := e.Data[key].(float64); ok {
		return int64(v)
	}
	return -1
}

// A Closed is the error of a read from a connection that has ended. Code is that of the close
// frame, or 1006 without one.
type Closed struct {
	Code   int
	Reason string
	Cause  error
}

func (c *Closed) Error() string {
	return fmt.Sprintf("closed with %d %q (%v)", c.Code, c.Reason, c.Cause)
}

// A Client is one connection. One goroutine at a time may read, and one may write.
type Client struct {
	Conn net.Conn
	r    *bufio.Reader
	t    testing.TB
}

// Close ends the connection without a close frame.
func (c *Client) Close() { c.Conn.Close() }

// Write writes bytes without a frame.
func (c *Client) Write(b []byte) error {
	c.Conn.SetWriteDeadline(time.Now().Add(Timeout))
	_, err := c.Conn.Write(b)
	return err
}

// Text sends a text message. It ignores the end of the connection: the next read returns the
// reason.
func (c *Client) Text(s string) { c.Write(Frame(0x81, []byte(s))) }

// Send sends an event. id and data may be nil.
func (c *Client) Send(event string, id *string, data any) {
	m := map[string]any{"event": event}
	if id != nil {
		m["id"] = *id
	}
	if data != nil {
		m["data"] = data
	}
	b, err := json.Marshal(m)
	if err != nil {
		c.t.Errorf("marshal %v: %v", data, err)
	}
	c.Text(string(b))
}

// ReadFrame returns the next frame of the server, of any kind, within wait.
func (c *Client) ReadFrame(wait time.Duration) (first byte, payload []byte, err error) {
	return c.readFrame(time.Now().Add(wait))
}

func (c *Client) readFrame(deadline time.Time) (first byte, payload []byte, err error) {
	c.Conn.SetReadDeadline(deadline)
	return ReadFrame(c.r)
}

// Next returns the next event of the server within wait, and answers pings before it. If the
// connection has ended, the error is a *Closed.
func (c *Client) Next(wait time.Duration) (Event, error) {
	return c.next(time.Now().Add(wait)) // one deadline: pings must not put it off
}

func (c *Client) next(deadline time.Time) (Event, error) {
	for {
		first, payload, err := c.readFrame(deadline)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				return Event{}, err
			}
			return Event{}, &Closed{Code: 1006, Cause: err}
		}
		switch first {
		case 0x81:
			var e Event
			err := json.Unmarshal(payload, &e)
			e.Raw = string(payload)
			return e, err
		case 0x89:
			c.Write(Frame(0x8a, payload))
		case 0x8a:
		case 0x88:
			closed := &Closed{Code: 1005}
			if len(payload) >= 2 {
				closed.Code, closed.Reason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
			}
			c.Write(Frame(0x88, payload))
			return Event{}, closed
		default:
			return Event{}, fmt.Errorf("unexpected frame %#x %q", first, payload)
		}
	}
}

// Expect returns the next event, which must have this name.
func (c *Client) Expect(event string) Event {
	c.t.Helper()
	e, err := c.Next(Timeout)
	if err != nil {
		c.t.Fatalf("waiting for %s: %v", event, err)
	}
	if e.Event != event {
		c.t.Fatalf("got %s, want %s", e.Raw, event)
	}
	return e
}

// ExpectClose skips events until the connection ends. The close code must be code.
func (c *Client) ExpectClose(code int) {
	c.t.Helper()
	for deadline := time.Now().Add(Timeout); ; {
		_, err := c.next(deadline)
		if err == nil {
			continue
		}
		if closed, ok := err.(*Closed); !ok || closed.Code != code {
			c.t.Fatalf("connection ended with %v, want code %d", err, code)
		}
		return
	}
}

// Call sends a request and returns its answer: the ack, error, auth_success or auth_error with
// the same id. It calls also, if it is not nil, with each other event before that.
func (c *Client) Call(event string, data any, also func(Event)) Event {
	c.t.Helper()
	id := fmt.Sprintf("%s-%d", event, time.Now().UnixNano())
	c.Send(event, &id, data)
	for deadline := time.Now().Add(Timeout); ; {
		e, err := c.next(deadline)
		if err != nil {
			c.t.Fatalf("waiting for the answer to %s: %v", event, err)
		}
		if e.ID != nil && *e.ID == id {
			return e
		}
		if also != nil {
			also(e)
		}
	}
}

// Login authenticates. It must succeed.
func (c *Client) Login(token string) Event {
	c.t.Helper()
	e := c.Call("authenticate", map[string]any{"token": token}, nil)
	if e.Event != "auth_success" {
		c.t.Fatalf("authenticate: %s", e.Raw)
	}
	return e
}

// Join joins a study and returns the ack. It must succeed.
func (c *Client) Join(study string) Event {
	c.t.Helper()
	e := c.Call("join_room", map[string]any{"studyId": study}, nil)
	if e.Event != "ack" {
		c.t.Fatalf("join_room %s: %s", study, e.Raw)
	}
	return e
}

// ExpectNothing checks that the server sends no event: it sends a ping, and the next frame must
// be the pong.
func (c *Client) ExpectNothing() {
	c.t.Helper()
	probe := []byte(strings.Repeat("q", 8))
	c.Write(Frame(0x89, probe))
	first, payload, err := c.ReadFrame(Timeout)
	if err != nil || first != 0x8a || string(payload) != string(probe) {
		c.t.Fatalf("got frame %#x %q (%v), want silence", first, payload, err)
	}
}
