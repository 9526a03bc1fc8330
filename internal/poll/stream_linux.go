package poll

import (
	"io"
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// A stream is a socket in an epoll set. Only the set's worker reads it and closes
// its descriptor, so the descriptor stays ours while the worker uses it; everyone
// else uses it under mu.
type stream struct {
	h   Handler
	set *set

	mu      sync.Mutex // guards what follows
	fd      int        // -1 once closed
	paused  bool       // Data returned false
	resumed bool       // Resume came before the pause took hold
	blocked bool       // waits for room to write
	cut     bool       // shut down by Close
	added   bool       // in the epoll set
}

// events is what the stream waits for now.
func (s *stream) events() (e uint32) {
	if !s.paused {
		e |= unix.EPOLLIN
	}
	if s.blocked {
		e |= unix.EPOLLOUT
	}
	return e
}

// register puts the stream into its set. If the system has no room for it there
// (fs.epoll.max_user_watches) the stream ends.
func (s *stream) register() {
	s.mu.Lock()
	// Nobody else can have closed the descriptor: the worker has not seen it yet.
	err := unix.EpollCtl(s.set.fd, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: s.events(), Fd: int32(s.fd)})
	s.added = err == nil
	s.mu.Unlock()
	if err != nil {
		s.set.sets.poller.wg.Go(func() { s.end(err) })
	}
}

// update tells the set what the stream waits for.
func (s *stream) update() {
	if s.fd >= 0 && s.added {
		unix.EpollCtl(s.set.fd, unix.EPOLL_CTL_MOD, s.fd, &unix.EpollEvent{Events: s.events(), Fd: int32(s.fd)})
	}
}

// ready is called by the worker when something happened on the socket. An event
// may be stale, meant for an earlier owner of the descriptor; only what the
// system calls then say counts.
func (s *stream) ready(events uint32, buf []byte) {
	s.mu.Lock()
	if !s.added {
		s.mu.Unlock()
		return
	}
	fd, cut, paused := s.fd, s.cut, s.paused
	writable := events&unix.EPOLLOUT != 0 && s.blocked
	if writable {
		s.blocked = false
		s.update()
	}
	s.mu.Unlock()
	switch {
	case fd < 0:
		return
	case cut:
		s.end(net.ErrClosed)
		return
	case paused:
		// The peer has hung up while a request of its is being worked on.
		if events&(unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			s.end(io.ErrUnexpectedEOF)
			return
		}
	case events&^unix.EPOLLOUT != 0:
		if !s.read(fd, buf) {
			return
		}
	}
	if writable {
		s.h.Writable()
	}
}

// read reads once; what is left brings the worker back. It reports false if the
// stream has ended.
func (s *stream) read(fd int, buf []byte) bool {
	n, err := read(fd, buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil:
		s.end(err)
		return false
	case n == 0:
		s.end(io.EOF)
		return false
	case !s.h.Data(buf[:n]):
		s.mu.Lock()
		if !s.resumed {
			s.paused = true
			s.update()
		}
		s.resumed = false
		s.mu.Unlock()
	}
	return true
}

// end closes the descriptor and tells the handler.
func (s *stream) end(err error) {
	s.mu.Lock()
	fd := s.fd
	s.fd = -1
	s.set.sets.streams.put(fd, nil)
	if s.added {
		// Closing is not enough while a child of the process, not yet at its exec, has a
		// copy of the descriptor: the set would go on telling of it.
		unix.EpollCtl(s.set.fd, unix.EPOLL_CTL_DEL, fd, nil)
	}
	unix.Close(fd)
	s.mu.Unlock()
	s.h.Gone(err)
	s.set.sets.poller.wg.Done()
}

func (s *stream) Write(b []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(len(b), func(fd int) (int, error) { return write(fd, b) })
}

func (s *stream) Writev(bufs [][]byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(bufs) > 0 {
		part := bufs[:min(len(bufs), maxVectors)]
		want := 0
		for _, b := range part {
			want += len(b)
		}
		m, err := s.write(want, func(fd int) (int, error) { return unix.Writev(fd, part) })
		n += m
		if m < want || err != nil {
			return n, err
		}
		bufs = bufs[len(part):]
	}
	return n, nil
}

// write makes one system call that is to write want bytes. When it writes less,
// the stream waits for room.
func (s *stream) write(want int, call func(fd int) (int, error)) (n int, err error) {
	switch {
	case s.fd < 0 || s.cut:
		return 0, net.ErrClosed
	case s.blocked:
		return 0, nil
	}
	for {
		n, err = call(s.fd)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil && err != unix.EAGAIN {
		return 0, err
	}
	if n = max(n, 0); n < want {
		s.blocked = true
		s.update()
	}
	return n, nil
}

// maxVectors is how many buffers one writev takes, the kernel's UIO_MAXIOV.
const maxVectors = 1024

func (s *stream) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused {
		s.paused = false
		s.update()
		return
	}
	s.resumed = true
}

// Finish closes the stream: what Write took, the kernel has, and sends it.
func (s *stream) Finish() { s.Close() }

// Close shuts the connection down; the worker notices and closes the descriptor.
func (s *stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 || s.cut {
		return
	}
	s.cut = true
	if err := unix.Shutdown(s.fd, unix.SHUT_RDWR); err != nil {
		// Not connected any more: the set reports that by itself.
		return
	}
}
