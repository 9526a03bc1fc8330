package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/wstest"
)

// A Protocol is how a client speaks to a hub.
type Protocol int

const (
	// Native is the WebSocket endpoint.
	Native Protocol = iota
	// Socket is the Socket.IO endpoint over a WebSocket, and Polling over long-polling. Such a
	// client is recovered as the stock one is.
	Socket
	Polling
)

// Protocols are all of them.
var Protocols = []Protocol{Native, Socket, Polling}

// dial connects to the hub at addr.
func (c *Client) dial(ctx context.Context, addr string) (wire, error) {
	if c.config.Protocol == Native {
		return dialConnection(addr, "/ws", dialIn, c.config.Buffer)
	}
	var packets packets
	var err error
	if c.config.Protocol == Socket {
		packets, err = dialSocket(addr, c.config.Buffer)
	} else {
		packets, err = dialPolling(ctx, addr)
	}
	if err != nil {
		return nil, err
	}
	w := &socketWire{packets: packets, past: &c.past, asked: map[string]string{}}
	return w, w.connect(c.config.Token)
}

// recovered is an event of a wire: the hub has joined all rooms of the client.
const recovered = "recovered"

// A past is what a Socket.IO client keeps of its connections, to be recovered.
type past struct{ pid, offset string }

// in reports whether the client was in the room of a study.
func (p past) in(study string) bool { return strings.Contains(","+p.offset, ","+study+":") }

// packets carries the packets of Engine.IO.
type packets interface {
	write(packet string) error
	read() (packet []byte, err error)
	close()
}

// A socketWire is a connection to the Socket.IO endpoint.
type socketWire struct {
	packets
	past *past

	mu    sync.Mutex // guards what follows
	count int
	asked map[string]string // the ids of requests by the ids of their packets
}

// connect sends CONNECT.
func (w *socketWire) connect(token string) error {
	open, err := w.read()
	if err != nil || !bytes.HasPrefix(open, []byte("0{")) {
		w.close()
		return fmt.Errorf("the handshake was answered with %q, %v", open, err)
	}
	auth := map[string]string{"token": token}
	if w.past.pid != "" {
		auth["pid"], auth["offset"] = w.past.pid, w.past.offset
	}
	b, err := json.Marshal(auth)
	if err != nil {
		return err
	}
	return w.write("40" + string(b))
}

func (w *socketWire) send(name, id string, data any) error {
	b, err := json.Marshal([]any{name, data})
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.count++
	number := strconv.Itoa(w.count)
	w.asked[number] = id
	w.mu.Unlock()
	return w.write("42" + number + string(b))
}

func (w *socketWire) next() (event, error) {
	for {
		p, err := w.read()
		if err != nil {
			return event{}, err
		}
		switch text := string(p); {
		case text == "2":
			if err := w.write("3"); err != nil {
				return event{}, err
			}
		case text == "1":
			return event{}, closeError(1005)
		case text == "41":
			return event{}, closeError(1008)
		case text == "6":
		case strings.HasPrefix(text, "40"):
			if w.connected(p[2:]) {
				return event{Event: recovered}, nil
			}
		case strings.HasPrefix(text, "44"):
			return event{Event: "auth_error"}, nil
		case strings.HasPrefix(text, "42"):
			if e, ok, err := w.event(p[2:]); ok || err != nil {
				return e, err
			}
		case strings.HasPrefix(text, "43"):
			return w.answer(p[2:])
		default:
			return event{}, fmt.Errorf("%w: packet %q", wstest.ErrFrame, p)
		}
	}
}

// connected reads the answer to CONNECT. It reports whether the client is recovered.
func (w *socketWire) connected(p []byte) bool {
	var answer struct{ PID string }
	_ = json.Unmarshal(p, &answer)
	same := answer.PID == w.past.pid
	w.past.pid = answer.PID
	return same
}

// event reads an event. It reports false for one that says only how far the client has come.
func (w *socketWire) event(p []byte) (e event, ok bool, err error) {
	var args []json.RawMessage
	if err := json.Unmarshal(p, &args); err != nil || len(args) < 2 {
		return e, false, fmt.Errorf("%w: event %q", wstest.ErrFrame, p)
	}
	var offset string
	if json.Unmarshal(args[len(args)-1], &offset) == nil {
		w.past.offset = offset
	}
	if err := json.Unmarshal(args[0], &e.Event); err != nil || e.Event == "cursor" {
		return e, false, err
	}
	return e, true, json.Unmarshal(args[1], &e.Data)
}

// answer reads the answer to a request.
func (w *socketWire) answer(p []byte) (e event, err error) {
	number, args, _ := bytes.Cut(p, []byte("["))
	w.mu.Lock()
	e.ID = w.asked[string(number)]
	delete(w.asked, string(number))
	w.mu.Unlock()
	body := bytes.TrimSuffix(args, []byte("]"))
	var answer struct {
		OK    bool
		Error json.RawMessage
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return e, fmt.Errorf("%w: answer %q", wstest.ErrFrame, p)
	}
	if e.Event = "ack"; !answer.OK {
		e.Event, body = "error", answer.Error
	}
	return e, json.Unmarshal(body, &e.Data)
}

// socketPackets are the packets of a WebSocket.
type socketPackets struct{ *connection }

func dialSocket(addr string, buffer int) (packets, error) {
	c, err := dialConnection(addr, "/socket.io/?EIO=4&transport=websocket", dialIn, buffer)
	if err != nil {
		return nil, err
	}
	if err := c.conn.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return socketPackets{c}, nil
}

func (s socketPackets) write(packet string) error        { return s.frame(0x81, []byte(packet)) }
func (s socketPackets) read() (packet []byte, err error) { return s.text() }
