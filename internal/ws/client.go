package ws

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// maxFromServer is the longest message that a ClientConn takes, in bytes.
const maxFromServer = 16 << 20

// A ClientConn is the client's end of a connection. One goroutine at a time may read, and any may
// write.
type ClientConn struct {
	conn net.Conn
	r    io.Reader
	mu   sync.Mutex // one writer at a time
}

// ErrRefused says that the server has answered a handshake with another status than 101.
var ErrRefused = errors.New("the server refuses the handshake")

// Dial connects to a ws:// or wss:// URL (RFC 6455 section 4.1). The error wraps ErrRefused, or says that
// the server was not reached.
func Dial(ctx context.Context, url string, header http.Header, config *tls.Config) (*ClientConn, error) {
	d := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header), TLSConfig: config}
	conn, early, _, err := d.Dial(ctx, url)
	if status, is := errors.AsType[ws.StatusError](err); is {
		return nil, fmt.Errorf("%w: %d %s", ErrRefused, int(status), http.StatusText(int(status)))
	}
	if err != nil {
		return nil, err
	}
	if early == nil {
		early = bufio.NewReader(conn)
	}
	return &ClientConn{conn: conn, r: early}, nil
}

// A CloseError is a close frame of the server.
type CloseError struct {
	Code   Code
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("the server has closed the connection with %d %s", e.Code, e.Reason)
}

var errServer = errors.New("the server has sent what no server may send")

// Read returns the next text message. It answers pings, and close frames. If nothing comes for
// silence, the error is that of a deadline.
func (c *ClientConn) Read(silence time.Duration) ([]byte, error) {
	var message []byte
	for begun := false; ; {
		if err := c.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return nil, err
		}
		h, err := ws.ReadHeader(c.r)
		if err != nil {
			return nil, err
		}
		if h.Masked || h.Rsv != 0 || h.Length > maxFromServer-int64(len(message)) || h.OpCode.IsControl() && (h.Length > ws.MaxControlFramePayloadSize || !h.Fin) {
			return nil, errServer
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c.r, payload); err != nil {
			return nil, err
		}
		switch {
		case h.OpCode == ws.OpPing:
			if err := c.write(ws.NewPongFrame(payload), silence); err != nil {
				return nil, err
			}
		case h.OpCode == ws.OpPong:
		case h.OpCode == ws.OpClose:
			_ = c.write(ws.NewCloseFrame(payload), silence) // the connection ends anyway
			closed := &CloseError{Code: NoStatus}
			if len(payload) >= 2 {
				closed.Code, closed.Reason = Code(binary.BigEndian.Uint16(payload)), string(payload[2:])
			}
			return nil, closed
		case h.OpCode == ws.OpText && !begun, h.OpCode == ws.OpContinuation && begun:
			begun = true
			if message = append(message, payload...); h.Fin {
				return message, nil
			}
		default:
			return nil, errServer
		}
	}
}

// Write sends a text message within timeout.
func (c *ClientConn) Write(text []byte, timeout time.Duration) error {
	return c.write(ws.NewTextFrame(text), timeout)
}

func (c *ClientConn) write(f ws.Frame, timeout time.Duration) error {
	b, err := ws.CompileFrame(ws.MaskFrame(f))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	_, err = c.conn.Write(b)
	return err
}

// Close ends the connection, after a close frame with the code if there is room for it.
func (c *ClientConn) Close(code Code) {
	_ = c.write(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "")), time.Second)
	c.conn.Close()
}
