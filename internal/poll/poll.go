// Package poll moves bytes between sockets and their handlers. On Linux a TCP
// socket leaves the Go runtime and waits in an epoll set, so an idle connection
// costs no goroutine and no buffer; everything else (TLS, pipes, other systems)
// is served by goroutines behind the same interface.
package poll

import (
	"net"
	"sync"
)

// A Handler is told what happens on one stream. Data calls come one at a time.
// Writable and Gone may come at the same time as Data returns false and its
// cause is still being worked on.
type Handler interface {
	// Data brings what has arrived. p is valid during the call and may be changed.
	// Returning false stops reading until Resume is called, once.
	Data(p []byte) (more bool)
	// Writable is told that a Write which did not take everything may go on.
	Writable()
	// Gone is told, once and last, that the stream has ended. err is nil or io.EOF
	// if it ended in order.
	Gone(err error)
}

// A Stream is a connection under a Handler. Its methods may be called at the same
// time from any goroutine, also from within the handler's; they call none of the
// handler's.
type Stream interface {
	// Write takes as much of b as it can without waiting and returns how many bytes
	// it took; it may keep b, which must not change any more. After it took less
	// than all, Writable is called once there is room.
	Write(b []byte) (n int, err error)
	// Writev is Write for several buffers in a row.
	Writev(bufs [][]byte) (n int, err error)
	// Resume goes on reading after Data returned false.
	Resume()
	// Finish closes the stream once everything that Write took has been sent.
	Finish()
	// Close closes the stream now.
	Close()
}

// Options say how a poller works. Zero values mean the defaults.
type Options struct {
	// Goroutines has every stream served by goroutines, also where epoll could.
	Goroutines bool
	// Workers is how many goroutines serve the epoll sets. Defaults to
	// GOMAXPROCS, at most 8.
	Workers int
}

// A Poller owns streams and the goroutines that serve them.
type Poller struct {
	wg   sync.WaitGroup // streams and their goroutines
	sets *sets          // nil where there is no epoll
}

// New returns a poller.
func New(opts Options) (*Poller, error) {
	p := &Poller{}
	if opts.Goroutines {
		return p, nil
	}
	var err error
	p.sets, err = newSets(p, opts.Workers)
	return p, err
}

// Open puts a connection under a handler, which first gets the early bytes that
// were read from it already. The poller closes the connection in the end.
func (p *Poller) Open(conn net.Conn, early []byte, h Handler) Stream {
	if p.sets != nil {
		if s := p.sets.open(conn, early, h); s != nil {
			return s
		}
	}
	return p.pump(conn, early, h)
}

// Close waits until all streams have ended; somebody has to close them.
func (p *Poller) Close() {
	p.wg.Wait()
	if p.sets != nil {
		p.sets.close()
	}
}
