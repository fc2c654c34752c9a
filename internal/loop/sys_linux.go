package loop

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls below are raw. The descriptors are non-blocking, so the calls return at once. Telling the Go
// scheduler about them would often cost more than the calls themselves.

// Read reads from a non-blocking descriptor. n = 0 without an error means end of file.
func Read(fd int, b []byte) (n int, err error) {
	r, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// Recv reads from a non-blocking socket. n = 0 without an error means end of file.
func Recv(fd int, b []byte) (n int, err error) {
	r, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// Recv2 is Recv into a and then b, in one system call. Either may be empty, but not both.
func Recv2(fd int, a, b []byte) (n int, err error) {
	if len(a) == 0 {
		return Recv(fd, b)
	}
	var iov [2]unix.Iovec
	msg := message(&iov, a, b)
	r, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// Send writes to a non-blocking socket, and returns how many bytes it accepted. If the peer has closed the connection,
// that is an error, never a SIGPIPE.
func Send(fd int, b []byte) (n int, err error) {
	r, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// Send2 is Send for the bytes of a followed by those of b, in one system call.
func Send2(fd int, a, b []byte) (n int, err error) {
	var iov [2]unix.Iovec
	msg := message(&iov, a, b)
	r, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// sendAll is Send for the bytes of a and those of the first buffers of rest. a may be empty, rest not.
func sendAll(fd int, a []byte, rest [][]byte) (n int, err error) {
	var iov [maxBuffers]unix.Iovec
	k := 0
	if len(a) > 0 {
		iov[0].Base = &a[0]
		iov[0].SetLen(len(a))
		k++
	}
	for _, p := range rest[:min(len(rest), maxBuffers-k)] {
		iov[k].Base = &p[0]
		iov[k].SetLen(len(p))
		k++
	}
	msg := unix.Msghdr{Iov: &iov[0]}
	msg.SetIovlen(k)
	r, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// maxBuffers is how many buffers one system call sends.
const maxBuffers = 32

// message describes the bytes of a followed by those of b.
func message(iov *[2]unix.Iovec, a, b []byte) unix.Msghdr {
	k := 0
	for _, p := range [2][]byte{a, b} {
		if len(p) > 0 {
			iov[k].Base = &p[0]
			iov[k].SetLen(len(p))
			k++
		}
	}
	msg := unix.Msghdr{Iov: &iov[0]}
	msg.SetIovlen(k)
	return msg
}

// Again reports whether err means that the call can be repeated later: the descriptor is not ready, or a signal came.
func Again(err error) bool { return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) }
