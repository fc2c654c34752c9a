package main

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// block connects n clients of Redis. Each of them has got a reply to a PING, and waits for an item of a list that
// nobody fills. It returns their sockets, which are to be closed also if there is an error.
func block(addrs []netip.AddrPort, n int) (fds []int, err error) {
	for i := range n {
		key := fmt.Sprintf("blocked-%d", i)
		fd, err := dialRaw(addrs[i%len(addrs)], "PING\r\n", "+PONG\r\n")
		if err != nil {
			return fds, err
		}
		fds = append(fds, fd)
		wait := fmt.Appendf(nil, "*3\r\n$5\r\nBLPOP\r\n$%d\r\n%s\r\n$1\r\n0\r\n", len(key), key)
		if _, err := unix.Write(fd, wait); err != nil {
			return fds, err
		}
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}
