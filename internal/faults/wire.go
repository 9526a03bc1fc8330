package faults

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// An event is what the server says.
type event struct {
	Event string `json:"event"`
	ID    string `json:"id"`
	Data  struct {
		ID        string `json:"id"`
		StudyID   string `json:"studyId"`
		Seq       int64  `json:"seq"`
		UserID    string `json:"userId"`
		Content   string `json:"content"`
		ClientID  string `json:"clientId"`
		Truncated bool   `json:"truncated"`
		Reason    string `json:"reason"`
		Code      string `json:"code"`
		Type      string `json:"type"`
		Message   string `json:"message"`
	} `json:"data"`
}

// A wire is one WebSocket connection. One goroutine reads, any may write.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	mu   sync.Mutex // one writer at a time
}

// writeTimeout bounds a write of a client.
const writeTimeout = 3 * time.Second

// dialWire connects to the hub at addr. A buffer above 0 is the size of the
// socket's receive buffer, for clients that are slow.
func dialWire(addr string, timeout time.Duration, buffer int) (*wire, error) {
	conn, err := net.DialTimeout("tcp", addr, timeout)
	if err != nil {
		return nil, err
	}
	if buffer > 0 {
		_ = conn.(*net.TCPConn).SetReadBuffer(buffer)
	}
	w := &wire{conn: conn, r: bufio.NewReaderSize(conn, 4<<10)}
	if err := w.handshake(addr, timeout); err != nil {
		conn.Close()
		return nil, err
	}
	return w, nil
}

func (w *wire) handshake(addr string, timeout time.Duration) error {
	if err := w.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w.conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr); err != nil {
		return err
	}
	answer, err := http.ReadResponse(w.r, nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the handshake was answered with %d", answer.StatusCode)
	}
	return w.conn.SetDeadline(time.Time{})
}

// send says an event.
func (w *wire) send(name, id string, data any) error {
	b, err := json.Marshal(map[string]any{"event": name, "id": id, "data": data})
	if err != nil {
		return err
	}
	return w.frame(0x81, b)
}

// frame writes a frame, masked with zeros: the mask is for proxies of old.
func (w *wire) frame(first byte, payload []byte) error {
	b := make([]byte, 0, len(payload)+14)
	b = append(b, first)
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(append(b, 0, 0, 0, 0), payload...)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := w.conn.Write(b)
	return err
}

// A closeError is a close frame.
type closeError int

func (c closeError) Error() string { return fmt.Sprintf("closed with %d", int(c)) }

// errFrame says that the server sent what the protocol does not allow.
var errFrame = errors.New("unexpected frame")

// next returns the next event, answering pings on the way. The error of a
// connection that was closed in good order is a closeError.
func (w *wire) next() (event, error) {
	for {
		first, payload, err := w.read()
		if err != nil {
			return event{}, err
		}
		switch first {
		case 0x81:
			var e event
			if err := json.Unmarshal(payload, &e); err != nil {
				return event{}, fmt.Errorf("%w: %w", errFrame, err)
			}
			return e, nil
		case 0x89:
			if err := w.frame(0x8a, payload); err != nil {
				return event{}, err
			}
		case 0x8a:
		case 0x88:
			_ = w.frame(0x88, payload)
			if len(payload) < 2 {
				return event{}, closeError(1005)
			}
			return event{}, closeError(binary.BigEndian.Uint16(payload))
		default:
			return event{}, fmt.Errorf("%w: %#x", errFrame, first)
		}
	}
}

func (w *wire) read() (first byte, payload []byte, err error) {
	var h [8]byte
	if _, err := io.ReadFull(w.r, h[:2]); err != nil {
		return 0, nil, err
	}
	first = h[0]
	n := uint64(h[1])
	switch {
	case n >= 0x80:
		return 0, nil, fmt.Errorf("%w: it is masked", errFrame)
	case n == 126:
		_, err = io.ReadFull(w.r, h[:2])
		n = uint64(binary.BigEndian.Uint16(h[:2]))
	case n == 127:
		_, err = io.ReadFull(w.r, h[:8])
		n = binary.BigEndian.Uint64(h[:8])
	}
	if err == nil && n > 1<<20 {
		err = fmt.Errorf("%w: of %d bytes", errFrame, n)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(w.r, payload)
	return first, payload, err
}
