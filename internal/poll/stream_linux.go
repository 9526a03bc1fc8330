package poll

import (
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A stream is a socket in an epoll set. Only the worker of the set reads it and closes its
// descriptor, so the descriptor is valid while the worker uses it. Others use it with mu
// held.
type stream struct {
	h   Handler
	set *set

	mu      sync.Mutex // guards what follows
	fd      int        // -1 once closed
	paused  bool       // Data returned false
	resumed bool       // Resume was called before Data has returned false
	blocked bool       // the socket is full
	cut     bool       // Close was called
	last    bool       // Finish was called: nothing is written any more, and what arrives is discarded
	added   bool       // in the epoll set
}

// events returns the events for which the stream waits.
func (s *stream) events() (e uint32) {
	if !s.paused {
		e |= unix.EPOLLIN
	}
	if s.blocked {
		e |= unix.EPOLLOUT
	}
	return e
}

// register adds the socket to its epoll set. If the system allows no more sockets in epoll
// sets (fs.epoll.max_user_watches), the stream ends and Gone gets the error.
func (s *stream) register() {
	s.mu.Lock()
	// The descriptor cannot be closed yet, because the worker does not know it.
	err := unix.EpollCtl(s.set.fd, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: s.events(), Fd: int32(s.fd)})
	s.added = err == nil
	s.mu.Unlock()
	if err != nil {
		s.set.sets.poller.wg.Go(func() { s.end(err) })
	}
}

// update changes the events for which the set waits.
func (s *stream) update() {
	if s.fd >= 0 && s.added {
		unix.EpollCtl(s.set.fd, unix.EPOLL_CTL_MOD, s.fd, &unix.EpollEvent{Events: s.events(), Fd: int32(s.fd)})
	}
}

// ready handles an event of the socket. The event may be an old one, of an earlier stream with
// the same descriptor. So ready trusts only the results of its system calls.
func (s *stream) ready(events uint32, buf []byte) {
	s.mu.Lock()
	if !s.added {
		s.mu.Unlock()
		return
	}
	fd, cut, paused, discard := s.fd, s.cut, s.paused, s.last
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
		// The peer has closed the connection while the stream is paused.
		if events&(unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			s.end(io.ErrUnexpectedEOF)
			return
		}
	case events&^unix.EPOLLOUT != 0:
		if !s.read(fd, buf, discard) {
			return
		}
	}
	if writable {
		s.h.Writable()
	}
}

// read reads once. If bytes are left, there will be another event. It reports false if the
// stream has ended.
func (s *stream) read(fd int, buf []byte, discard bool) bool {
	n, err := read(fd, buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil:
		s.end(err)
		return false
	case n == 0:
		s.end(io.EOF)
		return false
	case discard:
	default:
		more := s.h.Data(buf[:n])
		clear(buf[:n]) // what is deleted later must not stay in the buffer
		if more {
			break
		}
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

// end closes the descriptor and calls Gone.
func (s *stream) end(err error) {
	s.mu.Lock()
	fd := s.fd
	s.fd = -1
	s.set.sets.streams.put(fd, nil)
	if s.added {
		// To close the descriptor is not enough: a child of the process that has not called
		// exec yet may have a copy, and the set would still return events of it.
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

// write makes one system call, which should write want bytes. If it writes less, the stream
// waits for room.
func (s *stream) write(want int, call func(fd int) (int, error)) (n int, err error) {
	switch {
	case s.fd < 0 || s.cut || s.last:
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

// Finish shuts the write side down. The kernel has what Write has taken, and sends it.
func (s *stream) Finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 || s.cut || s.last {
		return
	}
	s.last = true
	if err := unix.Shutdown(s.fd, unix.SHUT_WR); err != nil {
		return // the connection has ended already, and there is an event for that
	}
	time.AfterFunc(lingering, s.Close)
}

// Close shuts the connection down. The worker gets an event and closes the descriptor.
func (s *stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 || s.cut {
		return
	}
	s.cut = true
	if err := unix.Shutdown(s.fd, unix.SHUT_RDWR); err != nil {
		// The connection has ended already. There is an event for that too.
		return
	}
}
