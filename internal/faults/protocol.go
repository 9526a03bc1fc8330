package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

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
