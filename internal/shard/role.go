package shard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// Of several proxies in front of the same servers, with one virtual address among them, only the one that has the address knows
// what is true: the writes of clients go through it. The others stand by. What they know of outages may be long out of date, and
// a copy that they make could bring back an old value. So they make nothing good, and do not read what they believe to have
// missed something, until the address comes to them.

// watchRole has the service stand by while this machine has not the virtual address.
func (svc *Service) watchRole() error {
	if !svc.cfg.VIP.IsValid() {
		return nil
	}
	changes, err := addressChanges()
	if err != nil {
		return fmt.Errorf("--vip: the addresses of this machine cannot be watched: %w", err)
	}
	svc.standby.Store(!isHere(svc.cfg.VIP))
	svc.helpers.Add(1)
	go svc.followRole(changes)
	return nil
}

// followRole is a goroutine: it waits for addresses to come and go.
func (svc *Service) followRole(changes *os.File) {
	defer svc.helpers.Done()
	defer changes.Close()
	defer context.AfterFunc(svc.ctx, func() { changes.Close() })()
	message := make([]byte, 64<<10)
	for {
		svc.setStandby(!isHere(svc.cfg.VIP))
		if _, err := changes.Read(message); err != nil && !errors.Is(err, unix.ENOBUFS) { // more than can be told
			if svc.ctx.Err() == nil {
				svc.log.Error().AnErr("reason", err).Msg("the addresses of this machine cannot be watched any more")
			}
			return
		}
	}
}

// setStandby changes the role.
func (svc *Service) setStandby(standby bool) {
	if svc.standby.Swap(standby) == standby {
		return
	}
	svc.log.Info().Str("vip", svc.cfg.VIP.String()).Bool("standby", standby).Msg("the virtual address has come or gone")
	for _, sh := range svc.shards {
		sh.l.Post(loop.TaskFunc(sh.changeRole))
	}
}

// changeRole begins or stops to make servers good.
func (sh *Shard) changeRole() {
	for _, p := range sh.pools {
		switch {
		case p == nil:
		case sh.svc.standby.Load():
			p.rest()
		default:
			p.admit()
			p.refill()
		}
	}
}

// mayMakeGood reports whether what server i missed may be made good by this process now.
func (p *pool) mayMakeGood(i int) bool {
	return !p.sh.yielding && !(p.sh.svc.standby.Load() && p.engine.Missed(i))
}

// addressChanges can be read from whenever an address of this machine has come or gone.
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
