// Package poll moves bytes between sockets and their handlers. On Linux a TCP socket waits in
// an epoll set outside the Go runtime, so an idle connection costs no goroutine and no
// buffer. Everything else (TLS, pipes, other systems) is served by goroutines, with the same
// interface.
package poll

import (
	"net"
	"sync"
	"time"
)

// lingering is how long a finished stream waits for its peer to close the connection.
const lingering = 500 * time.Millisecond

// A Handler handles the events of one stream. Data is called once at a time. Writable and Gone
// may be called at the same time as Data, and while the stream is paused.
type Handler interface {
	// Data gets the bytes that have arrived. p is valid during the call and may be changed.
	// If Data returns false the stream is paused: it reads nothing until one call of Resume.
	Data(p []byte) (more bool)
	// Writable is called when there is room again after a Write that did not take all.
	Writable()
	// Gone is called when the stream has ended, once, and is the last call. err is nil or
	// io.EOF if the stream was closed cleanly.
	Gone(err error)
}

// A Stream is a connection with a Handler. Its methods may be called at the same time from any
// goroutine, also by the handler. They do not call the handler.
type Stream interface {
	// Write takes as much of b as it can without waiting, and returns how many bytes it has
	// taken. It may keep b, which must not be changed any more. If it has taken less than
	// all, Writable is called when there is room.
	Write(b []byte) (n int, err error)
	// Writev is Write for several buffers in a row.
	Writev(bufs [][]byte) (n int, err error)
	// Resume ends the pause that began when Data returned false.
	Resume()
	// Finish closes the stream after everything that Write has taken is sent. It shuts the
	// write side down, and then discards what arrives until the peer closes the connection too,
	// for half a second at most: to close it while bytes are unread could destroy what the peer
	// has not read yet (RFC 9293 section 3.10.4).
	Finish()
	// Close closes the stream now.
	Close()
}

// Options configure a Poller. A zero value means the default.
type Options struct {
	// Goroutines makes goroutines serve every stream, even if epoll could.
	Goroutines bool
	// Workers is how many goroutines serve the epoll sets. Defaults to
	// GOMAXPROCS, at most 8.
	Workers int
}

// A Poller owns streams, and the goroutines that serve them.
type Poller struct {
	wg   sync.WaitGroup // streams and their goroutines
	sets *sets          // nil without epoll
}

// New returns a Poller.
func New(opts Options) (*Poller, error) {
	p := &Poller{}
	if opts.Goroutines {
		return p, nil
	}
	var err error
	p.sets, err = newSets(p, opts.Workers)
	return p, err
}

// Open serves a connection with a handler. The handler first gets early, which are bytes that
// were read from the connection before. The Poller closes the connection.
func (p *Poller) Open(conn net.Conn, early []byte, h Handler) Stream {
	if p.sets != nil {
		if s := p.sets.open(conn, early, h); s != nil {
			return s
		}
	}
	return p.pump(conn, early, h)
}

// Close waits until all streams have ended. It does not close them.
func (p *Poller) Close() {
	p.wg.Wait()
	if p.sets != nil {
		p.sets.close()
	}
}
