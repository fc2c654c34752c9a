package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the hot path are raw. The sockets are non-blocking, and a worker has a processor of its own, so
// telling the Go scheduler about each call would only make the load slower.

func rawRead(fd int, b []byte) (int, unix.Errno) {
	n, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)))
	return int(n), e
}

func rawWrite(fd int, b []byte) (int, unix.Errno) {
	n, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)))
	return int(n), e
}

// rawWait waits for events, at most for the given time.
func rawWait(ep int, events []unix.EpollEvent, limit time.Duration) (int, unix.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(limit.Milliseconds()), 0, 0)
	return int(n), e
}

// dialTimeout bounds each connection and what is said on it before the load begins.
const dialTimeout = 5 * time.Second

// dialRaw connects to addr. It says hello there, if that is not empty, and reads until the answer ends with answer. It
// returns a non-blocking socket, which is the caller's to close. Until then the net package does the waiting. A system
// call with a time limit in the kernel would end with EINTR at any signal of the Go runtime.
func dialRaw(addr netip.AddrPort, hello, answer string) (fd int, err error) {
	conn, err := net.DialTimeout("tcp", addr.String(), dialTimeout)
	if err != nil {
		return -1, err
	}
	defer func() { _ = conn.Close() }()
	if err := converse(conn, hello, answer); err != nil {
		return -1, fmt.Errorf("%s: %w", addr, err)
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return -1, err
	}
	failed := raw.Control(func(its uintptr) { fd, err = unix.FcntlInt(its, unix.F_DUPFD_CLOEXEC, 0) })
	if err := cmp.Or(failed, err); err != nil {
		return -1, fmt.Errorf("%s: %w", addr, err)
	}
	return fd, nil
}

// converse writes hello, and reads until the answer ends with answer.
func converse(conn net.Conn, hello, answer string) error {
	if hello == "" {
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, hello); err != nil {
		return err
	}
	var got []byte
	for b := make([]byte, 4096); !bytes.HasSuffix(got, []byte(answer)); {
		n, err := conn.Read(b)
		if err != nil {
			return fmt.Errorf("the answer to %q is %q: %w", hello, got, err)
		}
		got = append(got, b[:n]...)
	}
	return nil
}

// processorTime returns the CPU time, user and system, that all threads of a process have used so far. It reads the
// clock of the process, in nanoseconds, not the ticks of /proc. 0 means this process.
func processorTime(pid int) (time.Duration, error) {
	clock := int32(unix.CLOCK_PROCESS_CPUTIME_ID)
	if pid != 0 {
		clock = ^int32(pid)<<3 | 2 // see clock_getcpuclockid(3): 2 is the scheduler's clock
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// tick is the unit of the times in /proc/PID/stat, on all of Linux.
const tick = 10 * time.Millisecond

// userTime returns the CPU time that all threads of a process have used so far outside of the kernel, in ticks.
func userTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("user time: %w", err)
	}
	const utime = 11 // among the fields behind the name, which may have any character (proc_pid_stat(5))
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= utime {
		return 0, fmt.Errorf("user time of process %d: %q", pid, stat)
	}
	ticks, err := strconv.ParseInt(string(fields[utime]), 10, 64)
	return time.Duration(ticks) * tick, err
}

// pids are processes, as a flag.
type pids []int

// String is that of flag.Value.
func (p *pids) String() string {
	var text []string
	for _, pid := range *p {
		text = append(text, strconv.Itoa(pid))
	}
	return strings.Join(text, ",")
}

// Set is that of flag.Value.
func (p *pids) Set(text string) error {
	for one := range strings.SplitSeq(text, ",") {
		pid, err := strconv.Atoi(one)
		if err != nil || pid <= 0 {
			return fmt.Errorf("%q is no process", one)
		}
		*p = append(*p, pid)
	}
	return nil
}

// parseAddrs reads addresses with commas between.
func parseAddrs(list string) (addrs []netip.AddrPort, err error) {
	for text := range strings.SplitSeq(list, ",") {
		addr, err := netip.ParseAddrPort(text)
		if err != nil || !addr.Addr().Is4() {
			return nil, fmt.Errorf("-addr %s: must be an IPv4 address and a port", text)
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}
