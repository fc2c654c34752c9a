// Package vip tells whether this machine holds an IP address, and when that changes.
package vip

import (
	"errors"
	"net"
	"net/netip"
	"os"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// Watcher watches one address.
type Watcher struct {
	addr    netip.Addr
	changes *os.File // becomes readable when an address of this machine was added or removed
	closed  chan struct{}
	done    chan struct{} // closed when follow has ended; nil: it was not started
}

// Watch returns a Watcher of an address. The caller must close it.
func Watch(addr netip.Addr) (*Watcher, error) {
	changes, err := addressChanges()
	if err != nil {
		return nil, err
	}
	return &Watcher{addr: addr, changes: changes, closed: make(chan struct{})}, nil
}

// Standby reports whether this machine does not hold the address now.
func (w *Watcher) Standby() bool { return !isHere(w.addr) }

// Follow starts a goroutine that calls changed: once at the start, and whenever any address of this machine was added
// or removed. standby is the result of Standby. If watching fails, that is logged, and the calls end.
func (w *Watcher) Follow(log zerolog.Logger, changed func(standby bool)) {
	w.done = make(chan struct{})
	go w.follow(log, changed)
}

func (w *Watcher) follow(log zerolog.Logger, changed func(standby bool)) {
	defer close(w.done)
	message := make([]byte, 64<<10)
	for {
		changed(w.Standby())
		_, err := w.changes.Read(message)
		if err == nil || errors.Is(err, unix.ENOBUFS) { // ENOBUFS: there were too many changes to report each of them
			continue
		}
		select {
		case <-w.closed:
		default:
			log.Error().AnErr("reason", err).Msg("the addresses of this machine cannot be watched any more")
		}
		return
	}
}

// Close ends the goroutine of Follow and waits for it. w may be nil.
func (w *Watcher) Close() {
	if w == nil {
		return
	}
	close(w.closed)
	w.changes.Close()
	if w.done != nil {
		<-w.done
	}
}

// addressChanges opens a netlink socket that becomes readable when an address of this machine was added or removed.
func addressChanges() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = unix.Bind(fd, &unix.SockaddrNetlink{
		Family: unix.AF_NETLINK, Groups: unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR,
	})
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	return os.NewFile(uintptr(fd), "addresses"), nil
}

// isHere reports whether this machine holds an address.
func isHere(addr netip.Addr) bool {
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok && ip.Unmap() == addr.Unmap() {
				return true
			}
		}
	}
	return false
}
