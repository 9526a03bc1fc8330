package poll

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxEvents is how many ready sockets one call of epoll_wait returns.
const maxEvents = 256

// readBuffer is the size of the buffer for reading all sockets of a set, one after the other.
const readBuffer = 64 << 10

// sets are the epoll sets of a poller, each with a worker. A socket stays in one set, so only
// one goroutine reads it.
type sets struct {
	poller  *Poller
	all     []*set
	next    atomic.Uint32
	streams table
	workers sync.WaitGroup
}

// A set is an epoll instance with its worker. The worker waits for the instance in the poller of
// the Go runtime, which can wait for an epoll descriptor like for any other. So the worker
// needs no thread while nothing happens.
type set struct {
	sets *sets
	fd   int
	file *os.File // owns fd
	raw  syscall.RawConn
}

func newSets(p *Poller, workers int) (*sets, error) {
	if workers <= 0 {
		workers = min(runtime.GOMAXPROCS(0), 8)
	}
	ss := &sets{poller: p}
	for range workers {
		s, err := newSet(ss)
		if err != nil {
			ss.close()
			return nil, fmt.Errorf("epoll: %w", err)
		}
		ss.all = append(ss.all, s)
		ss.workers.Go(s.run)
	}
	return ss, nil
}

func newSet(ss *sets) (*set, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &set{sets: ss, fd: fd, file: file, raw: raw}, nil
}

// close ends the workers. All streams must have ended.
func (ss *sets) close() {
	for _, s := range ss.all {
		s.file.Close()
	}
	ss.workers.Wait()
}

// run serves the set until it is closed.
func (s *set) run() {
	events := make([]unix.EpollEvent, maxEvents)
	buf := make([]byte, readBuffer)
	for {
		n := 0
		err := s.raw.Read(func(uintptr) bool {
			for {
				var err error
				if n, err = epollLook(s.fd, events); err == nil {
					return n > 0
				} else if err != unix.EINTR {
					panic(os.NewSyscallError("epoll_wait", err)) // not an epoll descriptor: a bug
				}
			}
		})
		if err != nil {
			return // closed
		}
		for i := range events[:n] {
			if st := s.sets.streams.get(int(events[i].Fd)); st != nil && st.set == s {
				st.ready(events[i].Events, buf)
			}
		}
		// Let the goroutines run that store and deliver what was read. The next call of
		// epoll_wait then returns more events at once.
		runtime.Gosched()
	}
}

// open takes a TCP socket out of the Go runtime and adds it to a set. It returns nil for another
// kind of connection.
func (ss *sets) open(conn net.Conn, early []byte, h Handler) Stream {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	fd, err := duplicate(tcp)
	if err != nil {
		return nil
	}
	st := &stream{fd: fd, h: h, set: ss.all[ss.next.Add(1)%uint32(len(ss.all))]}
	if !ss.streams.put(fd, st) {
		unix.Close(fd)
		return nil
	}
	tcp.Close() // the duplicate keeps the connection
	ss.poller.wg.Add(1)
	if len(early) == 0 {
		st.register()
		return st
	}
	ss.poller.wg.Go(func() {
		if !h.Data(early) {
			st.mu.Lock()
			st.paused = !st.resumed
			st.resumed = false
			st.mu.Unlock()
		}
		st.register()
	})
	return st
}

// duplicate returns a second descriptor of the socket. It is non-blocking, like the one of the
// Go runtime.
func duplicate(conn *net.TCPConn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd = -1
	ctl := raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(ctl, err)
}
