package faults

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/wstest"
)

// An event is an event of the server.
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
		SentAt    string `json:"sentAt"`
		Truncated bool   `json:"truncated"`
		Reset     bool   `json:"reset"`
		Reason    string `json:"reason"`
		Code      string `json:"code"`
		Type      string `json:"type"`
		Message   string `json:"message"`

		MessageSeq int64  `json:"messageSeq"`
		Emoji      string `json:"emoji"`
		On         bool   `json:"on"`
		shown
	} `json:"data"`
}

// A wire carries the requests and events of one client, in one of the protocols of a hub. One
// goroutine may call next, any the rest.
type wire interface {
	// send sends a request.
	send(name, id string, data any) error
	// next returns the next event. The error is a closeError if the hub has closed the
	// connection, and a wstest.ErrFrame after bytes that no server may send.
	next() (event, error)
	close()
}

// A connection is a WebSocket connection.
type connection struct {
	conn net.Conn
	r    *bufio.Reader
	mu   sync.Mutex // one writer at a time
}

// writeTimeout bounds a write of a client.
const writeTimeout = 3 * time.Second

// dialConnection opens path of the hub at addr. buffer is the size of the socket's receive
// buffer, or 0 for that of the system.
func dialConnection(addr, path string, timeout time.Duration, buffer int) (*connection, error) {
	conn, err := net.DialTimeout("tcp", addr, timeout)
	if err != nil {
		return nil, err
	}
	if buffer > 0 {
		_ = conn.(*net.TCPConn).SetReadBuffer(buffer)
	}
	w := &connection{conn: conn, r: bufio.NewReaderSize(conn, 4<<10)}
	if err := w.handshake(addr, path, timeout); err != nil {
		conn.Close()
		return nil, err
	}
	return w, nil
}

func (w *connection) handshake(addr, path string, timeout time.Duration) error {
	if err := w.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, addr); err != nil {
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

// send sends an event.
func (w *connection) send(name, id string, data any) error {
	b, err := json.Marshal(map[string]any{"event": name, "id": id, "data": data})
	if err != nil {
		return err
	}
	return w.frame(0x81, b)
}

// frame writes a frame.
func (w *connection) frame(first byte, payload []byte) error {
	b := wstest.Frame(first, payload)
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

func (w *connection) close() { w.conn.Close() }

func (w *connection) next() (e event, err error) {
	text, err := w.text()
	if err == nil && json.Unmarshal(text, &e) != nil {
		err = fmt.Errorf("%w: %q", wstest.ErrFrame, text)
	}
	return e, err
}

// text returns the next text message, and answers pings before it.
func (w *connection) text() ([]byte, error) {
	for {
		first, payload, err := wstest.ReadFrame(w.r)
		if err != nil {
			return nil, err
		}
		switch first {
		case 0x81:
			return payload, nil
		case 0x89:
			if err := w.frame(0x8a, payload); err != nil {
				return nil, err
			}
		case 0x8a:
		case 0x88:
			_ = w.frame(0x88, payload)
			if len(payload) < 2 {
				return nil, closeError(1005)
			}
			return nil, closeError(binary.BigEndian.Uint16(payload))
		default:
			return nil, fmt.Errorf("%w: %#x", wstest.ErrFrame, first)
		}
	}
}
