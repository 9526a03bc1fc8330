package eio

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/internal/poll"
	"github.com/coupchat/coup/internal/ws"
)

// upgradeTimeout is how long an upgrade may take.
const upgradeTimeout = 10 * time.Second

// maxProbeOut is how many bytes may wait for the client of a probe, who has little to read.
const maxProbeOut = 1 << 10

// A Probe is the WebSocket connection to which a polling stream may be upgraded. The client sends
// "2probe", gets "3probe", ends its polling, and sends "5": from then on the connection is the
// WebSocket's. It is a poll.Handler.
type Probe struct {
	from *Stream
	// move is given a function that takes the connection off its polling stream and returns the
	// WebSocket, or nil if it may not be taken off now. It reports whether it was.
	move func(take func() poll.Stream) bool
	done atomic.Bool // the connection is that of the WebSocket

	// What follows belongs to the goroutine that reads.

	reader ws.Reader
	rest   []byte

	// answered says that "3probe" was sent, and waits that nothing more is read until the packets of
	// the last POST have been handled. The mutex of from guards both.
	answered, waits bool

	mu     sync.Mutex  // guards what follows
	stream poll.Stream // Open sets it after the handler may be called
	timer  *time.Timer
	out    []byte // frames that the stream has not taken yet
}

// Probe begins an upgrade. open opens the WebSocket with a handler. move is called when the client
// wants the connection to move there, with a function that does what there is to do here and
// returns the WebSocket, or nil if the client may not do that now: move must call it, and nothing
// may be written to the old stream after that. Probe reports false, and calls neither, if the
// stream cannot be upgraded: it has been, or is about to be.
func (s *Stream) Probe(open func(poll.Handler) poll.Stream, move func(take func() poll.Stream) bool) bool {
	p := &Probe{from: s, move: move}
	s.mu.Lock()
	busy := s.probe != nil || s.upgraded || s.ended || s.last
	if !busy {
		s.probe = p
	}
	s.mu.Unlock()
	if busy {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stream = open(p)
	p.timer = time.AfterFunc(upgradeTimeout, p.drop)
	return true
}

// socket returns the WebSocket.
func (p *Probe) socket() poll.Stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stream
}

// drop ends the WebSocket unless the connection has moved there.
func (p *Probe) drop() {
	if !p.done.Load() {
		p.socket().Close()
	}
}

// Data reads what the client has sent. See poll.Handler.
func (p *Probe) Data(b []byte) (more bool) {
	if p.done.Load() {
		return p.from.h.Data(b)
	}
	p.rest = append(p.rest, b...)
	for {
		m, n, ok, err := p.reader.Next(p.rest, ws.Limits{MaxMessage: 64, MaxFrames: 1})
		p.rest = p.rest[n:]
		switch {
		case err != nil:
			p.socket().Close()
			return true
		case !ok:
			return true
		case m.Op == ws.Ping && p.send(ws.PongFrame(m.Payload)):
		case m.Op == ws.Pong:
		case m.Op == ws.Text && string(m.Payload) == "2probe" && p.answer():
		case m.Op == ws.Text && string(m.Payload) == "5" && p.move(p.take):
			return p.goOn()
		default:
			p.socket().Close()
			return true
		}
	}
}

// answer sends "3probe". It reports false if it did so before.
func (p *Probe) answer() bool {
	s := p.from
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.answered {
		return false
	}
	p.answered = true
	if s.poll != nil {
		s.poll.wake()
	}
	return p.send(ws.Seal(append(make([]byte, ws.HeaderSpace), "3probe"...)))
}

// send writes a frame, or as much as the stream takes: Writable writes the rest. It reports false if
// that fails, or if the client reads too little.
func (p *Probe) send(frame []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, frame...)
	return p.flush() && len(p.out) <= maxProbeOut
}

// flush writes what waits. The caller holds mu.
func (p *Probe) flush() bool {
	n, err := p.stream.Write(p.out)
	p.out = p.out[n:]
	return err == nil
}

// idle reports whether nothing waits to be written.
func (p *Probe) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.out) == 0
}

// take ends the polling and returns the WebSocket.
func (p *Probe) take() poll.Stream {
	s := p.from
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.answered || !p.idle() || s.posting || s.ended || s.last || s.left {
		return nil
	}
	s.upgraded, s.probe = true, nil
	if s.poll != nil {
		s.poll.wake()
	}
	p.timer.Stop()
	p.done.Store(true)
	if s.busy == nil {
		return p.socket()
	}
	p.waits, s.late = true, p
	return lateStream{p.socket(), s}
}

// goOn hands over what has come after "5", unless the packets of the last POST have not been
// handled yet. It returns what Data does.
func (p *Probe) goOn() (more bool) {
	p.from.mu.Lock()
	waits := p.waits
	p.from.mu.Unlock()
	if waits {
		return false
	}
	rest := p.rest
	p.rest = nil
	return len(rest) == 0 || p.from.h.Data(rest)
}

// A lateStream is a WebSocket that was taken while the packets of the last POST were being
// handled.
type lateStream struct {
	poll.Stream
	from *Stream
}

// Resume ends the pause of the POST, or one of the WebSocket.
func (l lateStream) Resume() {
	if !l.from.resume() {
		l.Stream.Resume()
	}
}

// Writable goes on to send. See poll.Handler.
func (p *Probe) Writable() {
	if p.done.Load() {
		p.from.h.Writable()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.out) > 0 {
		p.flush()
	}
}

// Gone ends the connection, or only the upgrade. See poll.Handler.
func (p *Probe) Gone(err error) {
	if p.done.Load() {
		p.from.h.Gone(err)
		return
	}
	p.mu.Lock()
	p.timer.Stop()
	p.mu.Unlock()
	p.from.mu.Lock()
	defer p.from.mu.Unlock()
	if p.from.probe == p {
		p.from.probe = nil
	}
}
