package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coupchat/coup/internal/wstest"
)

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
