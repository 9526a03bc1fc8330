package poll

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// These system calls never wait: the sockets are non-blocking and the timeout is zero. So they
// bypass the scheduler of Go. To go through it costs little by itself, but it wakes a thread
// that watches for calls that wait. At moderate load that thread took a fifth of the CPU time
// of a hub.

// read is read(2).
func read(fd int, b []byte) (n int, err error) {
	return result(unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))))
}

// write is write(2).
func write(fd int, b []byte) (n int, err error) {
	return result(unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))))
}

// epollLook is epoll_pwait(2) with a timeout of zero.
func epollLook(fd int, events []unix.EpollEvent) (n int, err error) {
	return result(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0))
}

func result(r, _ uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}
