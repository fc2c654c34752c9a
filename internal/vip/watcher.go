// Package vip tells whether this machine has an address, and when that changes.
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
	changes *os.File // can be read from whenever an address of this machine has come or gone
	closed  chan struct{}
	done    chan struct{} // closed when follow has ended; nil: it was not started
}

// Watch prepares to watch an address. Close has to be called in the end.
func Watch(addr netip.Addr) (*Watcher, error) {
	changes, err := addressChanges()
	if err != nil {
		return nil, err
	}
	return &Watcher{addr: addr, changes: changes, closed: make(chan struct{})}, nil
}

// Standby reports whether this machine has not got the address now.
func (w *Watcher) Standby() bool { return !isHere(w.addr) }

// Follow has changed called by a goroutine, at first and whenever an address of this machine has come or gone, whichever it was.
func (w *Watcher) Follow(log zerolog.Logger, changed func(standby bool)) {
	w.done = make(chan struct{})
	go w.follow(log, changed)
}

func (w *Watcher) follow(log zerolog.Logger, changed func(standby bool)) {
	defer close(w.done)
	message := make([]byte, 64<<10)
	for {
		changed(w.Standby())
		if _, err := w.changes.Read(message); err != nil && !errors.Is(err, unix.ENOBUFS) { // more than can be told
			select {
			case <-w.closed:
			default:
				log.Error().AnErr("reason", err).Msg("the addresses of this machine cannot be watched any more")
			}
			return
		}
	}
}

// Close ends the watching, and waits for it. It may be called for nil.
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

// addressChanges opens what can be read from whenever an address of this machine has come or gone.
func addressChanges() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR})
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	return os.NewFile(uintptr(fd), "addresses"), nil
}

// isHere reports whether this machine has an address.
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
