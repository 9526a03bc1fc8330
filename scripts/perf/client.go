package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A client is one connection of the load.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	room string

	keepSending bool // post again when its own message arrives
	received    atomic.Int64
	arrivals    chan time.Time // when messages arrive, or nil
	timed       atomic.Bool
	write       sync.Mutex
	payload     []byte // of the last frame
}

// dial connects and authenticates.
func dial(addr, token string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, r: bufio.NewReaderSize(conn, 2048), arrivals: make(chan time.Time, 4)}
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", addr)
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			break
		}
	}
	return c, c.ask(`{"event":"authenticate","data":{"token":"`+token+`"}}`, "auth_success")
}

// enter joins a room, and reads until the connection ends.
func (c *client) enter(room string) error {
	c.room = room
	if err := c.ask(`{"event":"join_room","id":"j","data":{"studyId":"`+room+`"}}`, `"ack"`); err != nil {
		return err
	}
	go c.read() // ends with the connection
	return nil
}

// ask sends a request and waits for the answer.
func (c *client) ask(say, expect string) error {
	c.text(say)
	for {
		_, payload, err := c.frame()
		if err != nil {
			return err
		}
		if bytes.Contains(payload, []byte(expect)) {
			return nil
		}
		if bytes.Contains(payload, []byte("error")) {
			return fmt.Errorf("%s", payload)
		}
	}
}

// read counts messages until the connection ends.
func (c *client) read() {
	for {
		op, payload, err := c.frame()
		switch {
		case err != nil:
			return
		case op == 9:
			c.send(0x8a, payload)
		case bytes.HasPrefix(payload, []byte(`{"event":"new_message"`)):
			c.received.Add(1)
			if c.timed.Load() {
				select {
				case c.arrivals <- time.Now():
				default:
				}
			}
			if c.keepSending {
				c.say(84)
			}
		}
	}
}

func (c *client) frame() (op byte, payload []byte, err error) {
	var h [2]byte
	if _, err := io.ReadFull(c.r, h[:]); err != nil {
		return 0, nil, err
	}
	n := int(h[1] & 0x7f)
	if n == 126 {
		var l [2]byte
		if _, err := io.ReadFull(c.r, l[:]); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint16(l[:]))
	}
	c.payload = slices.Grow(c.payload[:0], n)[:n]
	_, err = io.ReadFull(c.r, c.payload)
	return h[0] & 0xf, c.payload, err
}

// send writes a frame with a mask of zero, which changes nothing.
func (c *client) send(first byte, payload []byte) {
	b := []byte{first, 0x80 | byte(len(payload))}
	if len(payload) >= 126 {
		b = []byte{first, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload))}
	}
	c.write.Lock()
	defer c.write.Unlock()
	c.conn.Write(append(append(b, 0, 0, 0, 0), payload...))
}

func (c *client) text(s string) { c.send(0x81, []byte(s)) }

// say posts a message of a given size.
func (c *client) say(size int) {
	c.text(`{"event":"send_message","data":{"studyId":"` + c.room + `","content":"` + strings.Repeat("x", size) + `"}}`)
}

// timeOthers posts messages at regular intervals. It returns how long each message took to each
// of some other clients, in milliseconds.
func (c *client) timeOthers(others []*client, rounds int, pace time.Duration) []float64 {
	var few []*client
	for i := 0; i < len(others); i += max(1, len(others)/50) {
		few = append(few, others[i])
	}
	var took []float64
	for range rounds {
		for _, o := range few {
			o.timed.Store(true)
		}
		begin := time.Now()
		c.say(84)
		for _, o := range few {
			select {
			case at := <-o.arrivals:
				took = append(took, float64(at.Sub(begin).Microseconds())/1000)
			case <-time.After(10 * time.Second):
				took = append(took, 10_000)
			}
		}
		time.Sleep(max(0, pace-time.Since(begin)))
	}
	for _, o := range few {
		o.timed.Store(false)
	}
	return took
}

// p99 returns the 99th percentile.
func p99(took []float64) float64 {
	slices.Sort(took)
	return took[len(took)*99/100]
}

func total(cs []*client) (n int64) {
	for _, c := range cs {
		n += c.received.Load()
	}
	return n
}
