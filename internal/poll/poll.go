// Package poll moves bytes between sockets and their handlers, so that those who
// handle them need no goroutine and no buffer of their own per connection.
package poll

import (
	"net"
	"sync"
)

// A Handler is told what happens on one stream. Data and Gone are called one at
// a time; Writable may be called at the same time as either.
type Handler interface {
	// Data brings what has arrived. p is valid during the call and may be changed.
	// Returning false stops reading until Resume is called.
	Data(p []byte) (more bool)
	// Writable is told that a Write which did not take everything may go on.
	Writable()
	// Gone is told, once and last, that the stream has ended. err is nil or io.EOF
	// if it ended in order.
	Gone(err error)
}

// A Stream is a connection under a Handler. Its methods may be called at the same
// time from any goroutine, also from within the handler's.
type Stream interface {
	// Write takes as much of bufs as it can without waiting and returns how many
	// bytes it took; it may keep the buffers, which must not change any more. After
	// it took less than all, Writable is called once there is room.
	Write(bufs [][]byte) (n int, err error)
	// Resume goes on reading after Data returned false.
	Resume()
	// Finish closes the stream once everything that Write took has been sent.
	Finish()
	// Close closes the stream now.
	Close()
}

// A Poller owns streams and the goroutines that serve them.
type Poller struct {
	wg sync.WaitGroup
}

// New returns a poller.
func New() (*Poller, error) { return &Poller{}, nil }

// Open puts a connection under a handler, which first gets the early bytes that
// were read from it already. The poller closes the connection in the end.
func (p *Poller) Open(conn net.Conn, early []byte, h Handler) Stream {
	return p.pump(conn, early, h)
}

// Close waits until all streams have ended; somebody has to close them.
func (p *Poller) Close() { p.wg.Wait() }
