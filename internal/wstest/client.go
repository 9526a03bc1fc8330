// Package wstest is a WebSocket client for tests: it can say whatever a test
// wants to have said, frame by frame, and reports exactly what comes back.
package wstest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Timeout is how long a client waits for what it expects.
const Timeout = 15 * time.Second

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

// A Closed is the error of reading from a connection that has ended: the close
// frame's code, 1006 without one.
type Closed struct {
	Code   int
	Reason string
	Cause  error
}

func (c *Closed) Error() string {
	return fmt.Sprintf("closed with %d %q (%v)", c.Code, c.Reason, c.Cause)
}

// A Client is one connection. It is not safe for use by several goroutines at
// once, but one may write while another reads.
type Client struct {
	Conn net.Conn
	r    *bufio.Reader
	t    testing.TB
}

// Dial connects to a ws:// or http:// URL. A header may be nil.
func Dial(t testing.TB, rawURL string, header http.Header) *Client {
	t.Helper()
	c, resp, err := Try(t, rawURL, header)
	if err != nil {
		t.Fatalf("dial %s: %v", rawURL, err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("dial %s: status %d", rawURL, resp.StatusCode)
	}
	return c
}

// Try connects and returns whatever the server answers. The client is nil unless
// that is 101.
func Try(t testing.TB, rawURL string, header http.Header) (*Client, *http.Response, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, nil, err
	}
	conn, err := net.DialTimeout("tcp", u.Host, Timeout)
	if err != nil {
		return nil, nil, err
	}
	return Handshake(t, conn, u, header)
}

// Handshake speaks HTTP on a connection that is already there.
func Handshake(t testing.TB, conn net.Conn, u *url.URL, header http.Header) (*Client, *http.Response, error) {
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}}
	for k, v := range header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	conn.SetDeadline(time.Now().Add(Timeout))
	if err := req.Write(conn); err != nil {
		conn.Close()
		return nil, nil, err
	}
	c := &Client{Conn: conn, r: bufio.NewReaderSize(conn, 64<<10), t: t}
	resp, err := http.ReadResponse(c.r, req)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	conn.SetDeadline(time.Time{})
	t.Cleanup(func() { conn.Close() })
	if resp.StatusCode != http.StatusSwitchingProtocols {
		io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		conn.Close()
		return nil, resp, nil
	}
	return c, resp, nil
}

// Close cuts the connection without a word.
func (c *Client) Close() { c.Conn.Close() }

// Frame makes a masked frame with any first byte (FIN, RSV, opcode).
func Frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	b = append(b, mask[:]...)
	for i, p := range payload {
		b = append(b, p^mask[i%4])
	}
	return b
}

// Write writes bytes as they are.
func (c *Client) Write(b []byte) error {
	c.Conn.SetWriteDeadline(time.Now().Add(Timeout))
	_, err := c.Conn.Write(b)
	return err
}

// Text sends a text message. That the connection may be gone is no failure: the
// next read says why.
func (c *Client) Text(s string) { c.Write(Frame(0x81, []byte(s))) }

// Send sends an event; id and data may be nil.
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

// ReadFrame returns the next frame of the server, whatever it is, within wait.
func (c *Client) ReadFrame(wait time.Duration) (first byte, payload []byte, err error) {
	c.Conn.SetReadDeadline(time.Now().Add(wait))
	return ReadFrame(c.r)
}

// maxFrame is the longest payload that a server is believed to mean.
const maxFrame = 16 << 20

// ErrFrame says that a server sent what no server may.
var ErrFrame = errors.New("not a frame of a server")

// ReadFrame returns the next frame of a server, whatever it is. The error is an
// ErrFrame if there is something else.
func ReadFrame(r io.Reader) (first byte, payload []byte, err error) {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(h[1] & 0x7f)
	switch {
	case h[1]&0x80 != 0:
		return 0, nil, fmt.Errorf("%w: it is masked", ErrFrame)
	case n == 126:
		var l [2]byte
		_, err = io.ReadFull(r, l[:])
		n = uint64(binary.BigEndian.Uint16(l[:]))
	case n == 127:
		var l [8]byte
		_, err = io.ReadFull(r, l[:])
		n = binary.BigEndian.Uint64(l[:])
	}
	if err == nil && n > maxFrame {
		err = fmt.Errorf("%w: it is to have %d bytes", ErrFrame, n)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return h[0], payload, err
}

// Next returns the next event of the server within wait, answering pings on the
// way. When the connection has ended the error is a *Closed.
func (c *Client) Next(wait time.Duration) (Event, error) {
	for {
		first, payload, err := c.ReadFrame(wait)
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

// Expect returns the next event, which must have the given name.
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

// ExpectClose skips events until the connection ends, which must be with code.
func (c *Client) ExpectClose(code int) {
	c.t.Helper()
	for {
		_, err := c.Next(Timeout)
		if err == nil {
			continue
		}
		if closed, ok := err.(*Closed); !ok || closed.Code != code {
			c.t.Fatalf("connection ended with %v, want code %d", err, code)
		}
		return
	}
}

// Call sends a request and returns its answer, an ack, an error, auth_success or
// auth_error with the same id. Other events before it are handed to also, which
// may be nil.
func (c *Client) Call(event string, data any, also func(Event)) Event {
	c.t.Helper()
	id := fmt.Sprintf("%s-%d", event, time.Now().UnixNano())
	c.Send(event, &id, data)
	for {
		e, err := c.Next(Timeout)
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

// Login authenticates, which must succeed.
func (c *Client) Login(token string) Event {
	c.t.Helper()
	e := c.Call("authenticate", map[string]any{"token": token}, nil)
	if e.Event != "auth_success" {
		c.t.Fatalf("authenticate: %s", e.Raw)
	}
	return e
}

// Join joins a study, which must succeed, and returns the ack.
func (c *Client) Join(study string) Event {
	c.t.Helper()
	e := c.Call("join_room", map[string]any{"studyId": study}, nil)
	if e.Event != "ack" {
		c.t.Fatalf("join_room %s: %s", study, e.Raw)
	}
	return e
}

// ExpectNothing checks that the server says nothing more about anything: it pings and
// expects the pong to come next.
func (c *Client) ExpectNothing() {
	c.t.Helper()
	probe := []byte(strings.Repeat("q", 8))
	c.Write(Frame(0x89, probe))
	first, payload, err := c.ReadFrame(Timeout)
	if err != nil || first != 0x8a || string(payload) != string(probe) {
		c.t.Fatalf("got frame %#x %q (%v), want silence", first, payload, err)
	}
}
