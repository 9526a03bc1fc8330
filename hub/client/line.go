package client

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/ws"
)

const (
	// silence is how long a server may send nothing. It pings every 25 s.
	silence = 45 * time.Second
	// writeTimeout bounds a write, and dialTimeout a handshake with authenticate.
	writeTimeout = 10 * time.Second
	dialTimeout  = 15 * time.Second
	// renewBefore is how long before its end a token is renewed.
	renewBefore = time.Minute
	// steady is after how long a connection counts as a good one.
	steady = 30 * time.Second
)

// errLine says that a connection ended before an answer came.
var errLine = errors.New("client: the connection has ended")

// A line is one connection.
type line struct {
	conn  *ws.ClientConn
	ended chan struct{}
	known chan body // the auth_success of a server that knows the user from the handshake

	mu    sync.Mutex // guards what follows
	count int
	asked map[string]*question
}

// A question waits for its answer.
type question struct {
	took   func(*frame) // called by the goroutine that reads
	answer chan frame
}

// ask sends a request and returns its answer. took, if not nil, is called with it before the next
// frame is read.
func (l *line) ask(ctx context.Context, event string, data any, took func(*frame)) (body, error) {
	q := &question{took: took, answer: make(chan frame, 1)}
	l.mu.Lock()
	l.count++
	id := strconv.Itoa(l.count)
	l.asked[id] = q
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.asked, id)
	}()
	text, err := json.Marshal(map[string]any{"event": event, "data": data, "id": id})
	if err != nil {
		return body{}, err
	}
	if l.conn.Write(text, writeTimeout) != nil {
		return body{}, errLine // the goroutine that reads notices it too
	}
	select {
	case f := <-q.answer:
		if f.Event == "ack" || f.Event == "auth_success" {
			return f.Data, nil
		}
		return body{}, f.Data.err()
	case <-l.ended:
		return body{}, errLine
	case <-ctx.Done():
		return body{}, ctx.Err()
	}
}

// read reads until the connection ends.
func (l *line) read(deliver func(*line, *frame)) error {
	for {
		text, err := l.conn.Read(silence)
		if err != nil {
			return err
		}
		f, err := parse(text)
		if err != nil {
			return err
		}
		l.mu.Lock()
		q := l.asked[f.ID]
		l.mu.Unlock()
		if f.ID == "" || q == nil {
			switch f.Event {
			case "ack":
			case "auth_success":
				select {
				case l.known <- f.Data:
				default:
				}
			default:
				deliver(l, &f)
			}
			continue
		}
		if q.took != nil {
			q.took(&f)
		}
		q.answer <- f
	}
}
